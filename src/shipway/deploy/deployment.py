"""A deployment from end to end: observe, plan, apply, follow, and say what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shipway.deploy.application.application import Application
from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.docker import Docker
from shipway.deploy.edge.git import clean_commit
from shipway.deploy.edge.pace import Pace
from shipway.deploy.edge.progress import Progress
from shipway.deploy.errors import DeployError
from shipway.deploy.execute import Executor
from shipway.deploy.follow import Follower, Interruption, find_deployment, resilient, status_command
from shipway.deploy.gather import gather
from shipway.deploy.observe import observe, room_missing, urls
from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.actions import Plan, UpdateService, render
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
from shipway.deploy.planning.post_mortem import PostMortem, explain
from shipway.deploy.planning.references import repository_name, short
from shipway.deploy.planning.release import Seen, Wanted, definition_to_register, plan_release
from shipway.deploy.planning.verdict import Ending, Verdict
from shipway.deploy.scaling import CountWish, Scaling

Members = dict[str, Any]

TIMEOUT_S = 20 * 60.0
EXPLAINED = (Verdict.ROLLED_BACK, Verdict.STOPPED, Verdict.ERROR, Verdict.TIMED_OUT)


@dataclass(frozen=True)
class DeployOptions:
    """The choices of one deployment."""

    tag: str | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    force: bool = False
    wait: bool = True
    dry_run: bool = False
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True)
class Tools:
    """The deployment's hands and voice: all that touches the world besides AWS."""

    docker: Docker
    progress: Progress
    pace: Pace
    interruption: Interruption


def deploy(application: Application, aws: Aws, tools: Tools, options: DeployOptions) -> Outcome:
    """Deploy what the application file says."""
    started_ms = tools.pace.now_ms()
    for warning in application.warnings:
        tools.progress.say(f"note: {warning}")
    wanted, wishes = _wanted(application, aws, options)
    seen = observe(aws, wanted.service_name, str(wanted.task_definition["family"]), wanted.balancer)
    images = plan_images(wishes, _missing_repositories(aws, wishes))
    # Planned once before anything is touched: whatever the plan refuses leaves nothing behind.
    release = plan_release(wanted, seen)
    _refuse_without_room(aws, wanted, seen)
    if options.dry_run:
        return _dry_run(wanted, seen, (*images, *release))
    executor = Executor(aws, tools.docker, tools.progress, application.folder)
    made = executor.apply(images)
    pinned = with_images(wanted.task_definition, made.digests)
    outcome = release_service(replace(wanted, task_definition=pinned), seen, executor, tools, options)
    return replace(outcome, images=made.digests, duration_ms=tools.pace.now_ms() - started_ms)


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
    outcome = release_service(wanted, seen, executor, tools, options)
    return replace(outcome, images=images, duration_ms=tools.pace.now_ms() - started_ms)


def release_service(
    wanted: Wanted, seen: Seen, executor: Executor, tools: Tools, options: DeployOptions
) -> Outcome:
    """The second half of every deployment: plan the release, apply it, follow it to its verdict."""
    aws = executor.aws
    plan = plan_release(wanted, seen)
    before = str(seen.service["taskDefinition"]) if seen.service else None
    outcome = Outcome(Verdict.UNCHANGED, "", wanted.cluster, wanted.service_name, revision_before=before)
    known = frozenset[str]()
    if seen.service is not None:
        briefs = aws.ecs.service_deployments(wanted.service_name)
        known = frozenset(str(brief["serviceDeploymentArn"]) for brief in briefs)
    executor.expect(wanted.balancer, seen.balancer)
    service = executor.apply(plan).service
    running = (seen.service or {}).get("currentServiceDeployment")
    begins = service is not None and any(getattr(action, "deploys", True) for action in plan[-1:])
    if not begins and not running:
        return _without_deployment(outcome, plan, seen, aws, tools, options)
    deployment_arn = find_deployment(aws, service, known, tools.pace) if service and begins else str(running)
    outcome = replace(outcome, service_deployment_arn=deployment_arn)
    tools.progress.say(f"following service deployment {short(deployment_arn)}")
    if not options.wait:
        command = status_command(aws, wanted.service_name)
        ending = Ending(Verdict.DETACHED, f"the deployment has begun; see how it goes with `{command}`.")
        return _concluded(outcome, ending, aws, None)
    target = str((service or seen.service or {})["taskDefinition"])
    return follow_to_verdict(outcome, target, _events_before(seen), executor.aws, tools, options.timeout_s)


def follow_to_verdict(
    outcome: Outcome, target: str, seen_events: frozenset[str], aws: Aws, tools: Tools, timeout_s: float
) -> Outcome:
    follower = Follower(aws, outcome.service, tools.progress, tools.pace)
    follower.definition = resilient(None, aws.ecs.task_definition, target)
    follower.revision = short(target)
    assert outcome.service_deployment_arn is not None
    try:
        followed = follower.follow(outcome.service_deployment_arn, seen_events, timeout_s, tools.interruption)
    finally:
        tools.progress.close()
    return _explained(outcome, followed.ending, target, followed.events, aws)


def _without_deployment(
    outcome: Outcome, plan: Plan, seen: Seen, aws: Aws, tools: Tools, options: DeployOptions
) -> Outcome:
    """What changes no task: nothing at all, the load balancer, the service's settings or its count."""
    update = next((action for action in plan if isinstance(action, UpdateService)), None)
    if not plan:
        ending = Ending(Verdict.UNCHANGED, "everything is as the file says; no revision was made.")
    elif update is None:
        ending = Ending(Verdict.DEPLOYED, "the load balancer was changed; no task had to be replaced.")
    elif "desiredCount" not in update.members or not options.wait:
        ending = Ending(Verdict.DEPLOYED, "the service was updated; no task had to be replaced.")
    else:
        before = int((seen.service or {}).get("desiredCount", 0))
        wish = CountWish(outcome.service, int(update.members["desiredCount"]), before, _events_before(seen))
        scaling = Scaling(aws, tools.progress, tools.pace, tools.interruption)
        try:
            ending = scaling.follow(wish, options.timeout_s)
        finally:
            tools.progress.close()
        return _explained(outcome, ending, str(outcome.revision_before), tuple(scaling.events), aws)
    return _concluded(outcome, ending, aws, None)


def _explained(outcome: Outcome, ending: Ending, target: str, events: tuple[str, ...], aws: Aws) -> Outcome:
    post_mortem = None
    if ending.verdict in EXPLAINED:
        post_mortem = explain(gather(aws, outcome.service, target, events))
    return _concluded(outcome, ending, aws, post_mortem)


def no_service(aws: Aws, service_name: str) -> str:
    """The sentence for a service, or its cluster, that is not there."""
    cluster = aws.ecs.cluster
    if aws.ecs.cluster_described() is None:
        return f"The cluster {cluster!r} does not exist here. Correct the name, or create it."
    names = ", ".join(resilient([], aws.ecs.service_names)) or "none"
    return f"There is no service {service_name!r} in the cluster {cluster!r}. Its services: {names}."


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


def _refuse_without_room(aws: Aws, wanted: Wanted, seen: Seen) -> None:
    if seen.cluster is None:
        return
    missing = room_missing(aws, wanted.task_definition, wanted.service or seen.service or {})
    if missing is not None:
        raise DeployError(
            f"No container instance of {wanted.cluster} can hold the task "
            f"{wanted.task_definition['family']}, not even an empty one. {missing} "
            "Lower its needs, or add a larger instance."
        )


def _events_before(seen: Seen) -> frozenset[str]:
    return frozenset(str(event["id"]) for event in (seen.service or {}).get("events") or ())


def _dry_run(wanted: Wanted, seen: Seen, plan: Plan) -> Outcome:
    before = str(seen.service["taskDefinition"]) if seen.service else None
    sentence = "a dry run; this is what would be done:" if plan else "a dry run:"
    name = wanted.service_name
    outcome = Outcome(Verdict.UNCHANGED, sentence, wanted.cluster, name, revision_before=before)
    return replace(outcome, plan=render(plan))


def _concluded(outcome: Outcome, ending: Ending, aws: Aws, post_mortem: PostMortem | None) -> Outcome:
    service = resilient(None, aws.ecs.service, outcome.service) or {}
    return replace(
        outcome,
        verdict=ending.verdict,
        sentence=ending.sentence,
        revision_after=service.get("taskDefinition"),
        urls=resilient((), urls, aws, service),
        post_mortem=post_mortem,
    )
