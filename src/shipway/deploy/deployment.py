"""A deployment from end to end: observe, plan, apply, follow, and say what it came to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from shipway.deploy.application.application import Application
from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.git import clean_commit
from shipway.deploy.errors import DeployError
from shipway.deploy.execute import Executor
from shipway.deploy.observe import no_service, observe, refuse_without_room
from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.actions import Plan, render
from shipway.deploy.planning.fit import on_instances
from shipway.deploy.planning.images import (
    ImageWish,
    ecr_repositories,
    given_images,
    image_wishes,
    placeholder,
    plan_images,
    retagged,
    with_images,
)
from shipway.deploy.planning.load_balancing import BalancerWish, balancer_wish
from shipway.deploy.planning.references import repository_name, short
from shipway.deploy.planning.release import Seen, Wanted, definition_to_register, plan_release
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.release import DeployOptions, release_service
from shipway.deploy.tools import Tools

Members = dict[str, Any]


def deploy(application: Application, aws: Aws, tools: Tools, options: DeployOptions) -> Outcome:
    """Deploy what the application file says."""
    started_ms = tools.pace.now_ms()
    for warning in application.warnings:
        tools.progress.say(f"note: {warning}")
    wanted, wishes = _wanted(application, aws, options)
    definition = wanted.task_definition
    seen = observe(aws, wanted.service_name, str(definition["family"]), wanted.balancer)
    images = plan_images(wishes, _missing_repositories(aws, wishes))
    # Planned once before anything is touched: whatever the plan refuses leaves nothing behind.
    release = plan_release(wanted, seen)
    if seen.cluster is not None and on_instances(definition, wanted.service or seen.service or {}):
        refuse_without_room(aws, definition)
    if options.dry_run:
        return _dry_run(wanted, seen, (*images, *release))
    executor = Executor(aws, tools.docker, tools.progress, application.folder)
    with all_or_nothing(executor, tools):
        digests = executor.apply(images).digests
        pinned = replace(wanted, task_definition=with_images(definition, digests))
        outcome = release_service(pinned, seen, executor, tools, options)
    return replace(outcome, images=digests, duration_ms=tools.pace.now_ms() - started_ms)


def deploy_tag(service_name: str, aws: Aws, tools: Tools, options: DeployOptions) -> Outcome:
    """Deploy the live service with other images; no file is needed."""
    started_ms = tools.pace.now_ms()
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
    seen = observe(aws, service_name, str(definition["family"]), None)
    if options.dry_run:
        return _dry_run(wanted, seen, plan_release(wanted, seen))
    executor = Executor(aws, tools.docker, tools.progress, ".")
    with all_or_nothing(executor, tools):
        outcome = release_service(wanted, seen, executor, tools, options)
    return replace(outcome, images=images, duration_ms=tools.pace.now_ms() - started_ms)


@contextmanager
def all_or_nothing(executor: Executor, tools: Tools) -> Iterator[None]:
    """A deployment that fails before ECS has taken the service unmakes what it made."""
    try:
        yield
    except (DeployError, KeyboardInterrupt):
        with tools.interruption.held():
            executor.undo()
        raise


def _wanted(
    application: Application, aws: Aws, options: DeployOptions
) -> tuple[Wanted, tuple[ImageWish, ...]]:
    names = tuple(str(item["name"]) for item in application.task_definition["containerDefinitions"])
    given = given_images(names, options.images)
    commits = {
        container: clean_commit(f"{application.folder}/{image.context}") if options.tag is None else None
        for container, image in application.images.items()
    }
    wishes = image_wishes(application, options.tag, commits, given)
    placeholders = {wish.container: placeholder(wish) for wish in wishes}
    create = aws.local if application.create is None else application.create
    definition = with_images(application.task_definition, {**placeholders, **given})
    wanted = Wanted(
        cluster=application.cluster,
        service_name=application.service_name,
        task_definition=definition,
        service=application.service,
        balancer=_balancer(application, definition, create),
        create_cluster=create,
        force=options.force,
        local=aws.local,
    )
    return wanted, wishes


def _balancer(application: Application, definition: Members, create: bool) -> BalancerWish | None:
    if application.load_balancer is None:
        return None
    block = application.load_balancer
    return balancer_wish(block, application.name, definition, application.service, create)


def _missing_repositories(aws: Aws, wishes: tuple[ImageWish, ...]) -> tuple[str, ...]:
    return tuple(
        name for name in ecr_repositories(wishes) if aws.ecr.repository_uri(repository_name(name)) is None
    )


def _dry_run(wanted: Wanted, seen: Seen, plan: Plan) -> Outcome:
    before = str(seen.service["taskDefinition"]) if seen.service else None
    sentence = "a dry run; this is what would be done:" if plan else "a dry run:"
    name = wanted.service_name
    outcome = Outcome(Verdict.UNCHANGED, sentence, wanted.cluster, name, revision_before=before)
    return replace(outcome, plan=render(plan))
