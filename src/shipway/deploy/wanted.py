"""From the file, or from the command line alone, to what is wanted of ECS; images still to be settled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shipway.deploy.application.application import Application
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.git import clean_commit
from shipway.deploy.errors import DeployError
from shipway.deploy.observe import no_service
from shipway.deploy.planning.code_deploy import code_deploy_wish
from shipway.deploy.planning.images import (
    ImageWish,
    given_images,
    image_wishes,
    placeholder,
    retagged,
    with_images,
)
from shipway.deploy.planning.load_balancing import BalancerWish, balancer_wish
from shipway.deploy.planning.references import short
from shipway.deploy.planning.release import Wanted, definition_to_register

Members = dict[str, Any]


def wanted_by(
    application: Application, aws: Aws, options: DeployOptions
) -> tuple[Wanted, tuple[ImageWish, ...]]:
    """What the file says, and the images to build for it: placeholders stand in their places."""
    wishes = wished_images(application, options)
    placeholders = {wish.container: placeholder(wish) for wish in wishes}
    create = aws.local if application.create is None else application.create
    definition = with_images(application.task_definition, {**placeholders, **options.images})
    wanted = Wanted(
        cluster=application.cluster,
        service_name=application.service_name,
        task_definition=definition,
        service=application.service,
        balancer=_balancer(application, definition, create),
        create_cluster=create,
        force=options.force,
        local=aws.local,
        code_deploy=code_deploy_wish(application.cluster, application.service_name, application.code_deploy),
    )
    return wanted, wishes


def wished_images(application: Application, options: DeployOptions) -> tuple[ImageWish, ...]:
    """The images to build, each with the tag that it will have."""
    names = tuple(str(item["name"]) for item in application.task_definition["containerDefinitions"])
    given = given_images(names, options.images)
    commits = {
        container: clean_commit(f"{application.folder}/{image.context}") if options.tag is None else None
        for container, image in application.images.items()
    }
    wishes = image_wishes(application, options.tag, commits, given)
    return tuple(replace(wish, settled=False) for wish in wishes) if options.rebuild else wishes


def wanted_with_images(service_name: str, aws: Aws, options: DeployOptions) -> tuple[Wanted, dict[str, str]]:
    """The live service with other images, and which: no file is needed."""
    service = aws.ecs.service(service_name)
    if service is None:
        raise DeployError(no_service(aws, service_name))
    live = aws.ecs.task_definition(str(service["taskDefinition"]))
    if live is None:
        raise DeployError(f"The task definition {short(service['taskDefinition'])} cannot be described.")
    names = tuple(str(container["name"]) for container in live["containerDefinitions"])
    images = dict(retagged(live, options.tag) if options.tag else {})
    images |= given_images(names, options.images)
    if not images and not options.force:
        raise DeployError(
            "There is nothing to deploy: give -t TAG, -i CONTAINER=IMAGE, or --force.", exit_code=2
        )
    definition = with_images(definition_to_register(live), images)
    wanted = Wanted(aws.ecs.cluster, service_name, definition, {}, force=options.force, local=aws.local)
    return wanted, images


def _balancer(application: Application, definition: Members, create: bool) -> BalancerWish | None:
    if application.load_balancer is None:
        return None
    block = application.load_balancer
    try:
        return balancer_wish(block, application.name, definition, application.service, create)
    except DeployError as error:
        # A misspelt member (`portMappigns`) may be why; the notes tell of it.
        place = application.place("load_balancer")
        sentence = f"{place}: {error.sentence}" if place else error.sentence
        raise DeployError(sentence, details=application.warnings) from None
