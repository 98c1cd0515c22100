"""The second half of every deployment: plan the release, apply it, follow it to its verdict."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from shipway.deploy.code_deploying import begun_by_code_deploy, follow_code_deploy
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.deployment_watch import DeploymentWatch
from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError
from shipway.deploy.events import DeploymentFollowed, Ended, EndExpected
from shipway.deploy.execute import Executor
from shipway.deploy.follow import (
    Commands,
    Follower,
    find_deployment,
    place,
    resilient,
    resume_command,
    status_command,
)
from shipway.deploy.gate import Gate
from shipway.deploy.gather import gather
from shipway.deploy.observe import urls
from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.actions import CreateCodeDeployment, CreateService, Plan, UpdateService
from shipway.deploy.planning.console import console_url
from shipway.deploy.planning.count_watch import CountState
from shipway.deploy.planning.expected_end import expected_end
from shipway.deploy.planning.post_mortem import PostMortem, explain
from shipway.deploy.planning.references import short
from shipway.deploy.planning.release import Seen, Wanted, plan_release
from shipway.deploy.planning.verdict import Ending, Verdict
from shipway.deploy.planning.watch import WatchState
from shipway.deploy.remembering import remember
from shipway.deploy.scaling import CountWatch
from shipway.deploy.tools import Tools

Members = dict[str, Any]

LastActions = CreateService | UpdateService | CreateCodeDeployment
EXPLAINED = (Verdict.ROLLED_BACK, Verdict.STOPPED, Verdict.ERROR, Verdict.TIMED_OUT)


def release_service(
    wanted: Wanted, seen: Seen, executor: Executor, tools: Tools, options: DeployOptions, gate: Gate
) -> Outcome:
    plan = plan_release(wanted, seen)
    before = str(seen.service["taskDefinition"]) if seen.service else None
    outcome = Outcome(Verdict.UNCHANGED, "", wanted.cluster, wanted.service_name, revision_before=before)
    executor.expect(wanted.balancer, seen.balancer)
    with whole_change(tools, executor.aws, wanted.service_name):
        made, last = parted(plan)
        executor.apply(made)
        begins = last is not None and getattr(last, "deploys", True)
        if plan:
            definition = executor.definition_of(last.task_definition, seen.live) if last and begins else None
            gate.before_service(definition, {**(seen.service or {}), **wanted.service})
        running = (seen.service or {}).get("currentServiceDeployment")
        # As late as can be: what others began while tasks ran at the gate is not ours.
        asked = seen.service is not None and (begins or running)
        briefs = executor.aws.ecs.service_deployments(wanted.service_name) if asked else []
        known = frozenset(str(brief["serviceDeploymentArn"]) for brief in briefs)
        service = executor.apply((last,)).service if last is not None else None
        if service is not None and seen.service is None and by_code_deploy(service):
            return _first_of_code_deploy(service, outcome, executor.aws, tools, options)
        if executor.made.code_deployment is not None:
            return _by_code_deploy(executor, outcome, tools, options)
        if begins and running:
            tools.progress.say(f"note: the deployment {short(str(running))} is under way; this supersedes it")
        if not begins and not running:
            return _without_deployment(outcome, plan, seen, executor.aws, tools, options)
        if service is not None and begins:
            arn = find_deployment(executor.aws, service, known, tools.pace)
        else:
            arn = str(running)
        outcome = replace(outcome, service_deployment_arn=arn)
        tools.progress.tell(DeploymentFollowed(arn))
        if not options.wait:
            ending = begun(executor.aws, wanted.service_name)
            return concluded(outcome, ending, executor.aws, None)
        target = str((service or seen.service or {})["taskDefinition"])
        state = WatchState(
            arn,
            tools.pace.now_ms(),
            options.timeout_s,
            short(target),
            _events_before(seen),
            usual=usual_time(briefs, tools),
            fail_fast=options.fail_fast,
        )
        return follow_from(state, outcome, target, executor.aws, tools)


def usual_time(briefs: list[Members], tools: Tools) -> EndExpected | None:
    """Told at the beginning, where earlier deployments have succeeded."""
    usual = expected_end(briefs)
    if usual is not None:
        tools.progress.tell(usual)
    return usual


def parted(plan: Plan) -> tuple[Plan, CreateService | UpdateService | CreateCodeDeployment | None]:
    """What is made for the service, and the change of the service itself."""
    last = plan[-1] if plan else None
    return (plan[:-1], last) if isinstance(last, LastActions) else (plan, None)


def by_code_deploy(service: Members) -> bool:
    return bool((service.get("deploymentController") or {}).get("type") == "CODE_DEPLOY")


def _first_of_code_deploy(
    service: Members, outcome: Outcome, aws: Aws, tools: Tools, options: DeployOptions
) -> Outcome:
    """CodeDeploy comes into play with the second revision; the first tasks are ECS's, in no deployment."""
    if not options.wait:
        return concluded(outcome, begun(aws, outcome.service), aws, None)
    count = int(service.get("desiredCount") or 0)
    state = CountState(count, 0, tools.pace.now_ms(), options.timeout_s)
    return follow_count(state, outcome, str(service["taskDefinition"]), aws, tools)


def _by_code_deploy(executor: Executor, outcome: Outcome, tools: Tools, options: DeployOptions) -> Outcome:
    deployment_id, target = str(executor.made.code_deployment), executor.made.code_deployed
    if not options.wait:
        outcome = replace(outcome, service_deployment_arn=deployment_id)
        return concluded(outcome, begun_by_code_deploy(deployment_id), executor.aws, None)
    outcome, ending, events = follow_code_deploy(
        deployment_id, target, outcome, executor.aws, tools, options.timeout_s
    )
    return _explained(outcome, ending, target, events, executor.aws)


@contextmanager
def whole_change(tools: Tools, aws: Aws, service_name: str) -> Iterator[None]:
    """What is begun at ECS is followed: an interruption waits for the watch, which asks about it."""
    try:
        with tools.interruption.held():
            yield
    except KeyboardInterrupt:
        raise DeployError(
            f"Interrupted twice, in the middle of a change at ECS. What was begun goes on by itself; "
            f"see it with `{status_command(aws, service_name)}`.",
            exit_code=Verdict.INTERRUPTED.exit_code,
        ) from None


def follow_from(state: WatchState, outcome: Outcome, target: str, aws: Aws, tools: Tools) -> Outcome:
    watch = DeploymentWatch(aws, outcome.service, tools.progress, tools.pace)
    watch.target = target
    state = replace(state, place=place(aws, outcome.service))
    resume = resume_command(aws, state.deployment_arn)
    followed = _follower(aws, outcome.service, tools, resume).follow(watch, state)
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
        state = CountState(
            wished=int(update.members["desiredCount"]),
            before=before,
            started_ms=tools.pace.now_ms(),
            timeout_s=options.timeout_s,
            seen_events=_events_before(seen),
        )
        return follow_count(state, outcome, str(outcome.revision_before), aws, tools)
    return concluded(outcome, ending, aws, None)


def follow_count(state: CountState, outcome: Outcome, target: str, aws: Aws, tools: Tools) -> Outcome:
    watch = CountWatch(aws, outcome.service, tools.pace)
    resume = f"shipway scale{place(aws, outcome.service)} {state.wished}"
    followed = _follower(aws, outcome.service, tools, resume).follow(watch, state)
    return _explained(outcome, followed.ending, target, followed.events, aws)


def begin_and_follow(
    aws: Aws, service: Members, change: Members, tools: Tools, timeout_s: float, *, wait: bool = True
) -> Outcome:
    """An update of a living service that begins a service deployment, and that deployment to its verdict."""
    name = str(service["serviceName"])
    tools, started_ms = tools.of_service(name, aws), tools.pace.now_ms()
    return ended(change_and_follow(aws, service, change, tools, timeout_s, wait=wait), tools, started_ms)


def change_and_follow(
    aws: Aws, service: Members, change: Members, tools: Tools, timeout_s: float, *, wait: bool = True
) -> Outcome:
    """The same as a part of something greater, whose end it is not."""
    name, before = str(service["serviceName"]), str(service["taskDefinition"])
    target = str(change.get("taskDefinition", before))
    briefs = aws.ecs.service_deployments(name)
    known = frozenset(str(brief["serviceDeploymentArn"]) for brief in briefs)
    seen = frozenset(str(event["id"]) for event in service.get("events") or ())
    outcome = Outcome(Verdict.UNCHANGED, "", aws.ecs.cluster, name, revision_before=before)
    with whole_change(tools, aws, name):
        updated = aws.ecs.update_service({"service": name, **change})
        arn = find_deployment(aws, updated, known, tools.pace)
        outcome = replace(outcome, service_deployment_arn=arn)
        tools.progress.tell(DeploymentFollowed(arn))
        if wait:
            usual = usual_time(briefs, tools)
            state = WatchState(arn, tools.pace.now_ms(), timeout_s, short(target), seen, usual=usual)
            outcome = follow_from(state, outcome, target, aws, tools)
            remember(aws, tools.progress, updated, outcome, {})
        else:
            outcome = concluded(outcome, begun(aws, name), aws, None)
    return outcome


def ended(outcome: Outcome, tools: Tools, started_ms: int) -> Outcome:
    """The last event of everything that ends with a verdict."""
    outcome = replace(outcome, duration_ms=tools.pace.now_ms() - started_ms)
    tools.progress.tell(Ended(outcome))
    return outcome


def begun(aws: Aws, name: str) -> Ending:
    sentence = f"the deployment has begun; see how it goes with `{status_command(aws, name)}`."
    return Ending(Verdict.DETACHED, sentence)


def _follower(aws: Aws, service_name: str, tools: Tools, resume: str) -> Follower:
    commands = Commands(status_command(aws, service_name), resume)
    return Follower(tools.progress, tools.pace, tools.interruption, commands)


def _explained(outcome: Outcome, ending: Ending, target: str, events: tuple[str, ...], aws: Aws) -> Outcome:
    if ending.verdict is Verdict.LOST:
        # Whatever else could be told would have to be asked of those who do not answer.
        return replace(outcome, verdict=ending.verdict, sentence=ending.sentence)
    post_mortem = None
    if ending.verdict in EXPLAINED:
        post_mortem = explain(gather(aws, outcome.service, target, events))
    return concluded(outcome, ending, aws, post_mortem)


def _events_before(seen: Seen) -> frozenset[str]:
    return frozenset(str(event["id"]) for event in (seen.service or {}).get("events") or ())


def concluded(outcome: Outcome, ending: Ending, aws: Aws, post_mortem: PostMortem | None) -> Outcome:
    service = resilient(None, aws.ecs.service, outcome.service) or {}
    return replace(
        outcome,
        verdict=ending.verdict,
        sentence=ending.sentence,
        revision_after=service.get("taskDefinition"),
        urls=resilient((), urls, aws, service),
        task_arns=tuple(resilient([], aws.ecs.running_task_arns, outcome.service)) if service else (),
        console_url=None if aws.local else console_url(aws.region, outcome.cluster, outcome.service),
        post_mortem=post_mortem,
    )
