"""A service deployment under way: its waiting hooks answered, or the whole of it called off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from shipway.deploy.deploy_options import TIMEOUT_S
from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError
from shipway.deploy.follow import status_command
from shipway.deploy.observe import required_service
from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.references import short
from shipway.deploy.planning.stages import chosen_hook, hook_name
from shipway.deploy.planning.verdict import Ending, Verdict
from shipway.deploy.planning.watch import WatchState
from shipway.deploy.release import concluded, ended, follow_from, whole_change
from shipway.deploy.tools import Tools

Members = dict[str, Any]

UNENDED = ("PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
STOPPABLE = ("PENDING", "IN_PROGRESS")


@dataclass(frozen=True)
class Steering:
    """Which hook is answered (where several wait), how long the deployment is watched then, and what is done
    about a cause that cannot heal (`fail_fast`).
    """

    hook_id: str | None = None
    wait: bool = True
    timeout_s: float = TIMEOUT_S
    fail_fast: str = "auto"


def approve(aws: Aws, name: str, tools: Tools, steering: Steering) -> Outcome:
    """Let the deployment that waits go on, and follow it to its next pause or its end."""
    return _answer(aws, name, tools, steering, "CONTINUE")


def reject(aws: Aws, name: str, tools: Tools, steering: Steering) -> Outcome:
    """Have the deployment that waits rolled back; that it was is then what was wished."""
    return _answer(aws, name, tools, steering, "ROLLBACK")


def cancel(aws: Aws, name: str, tools: Tools, steering: Steering, *, abort: bool = False) -> Outcome:
    """Call a deployment off: ECS rolls back, or leaves everything as it stands when it is aborted."""
    service, deployment = _under_way(aws, name)
    arn, status = str(deployment["serviceDeploymentArn"]), str(deployment["status"])
    if status not in STOPPABLE:
        raise DeployError(f"The deployment {short(arn)} of {name} is {status} already; ECS goes on with it.")
    tools, started_ms = tools.of_service(name, aws), tools.pace.now_ms()
    with whole_change(tools, aws, name):
        aws.ecs.stop_service_deployment(arn, "ABORT" if abort else "ROLLBACK")
        what = "to stop and leave everything as it stands" if abort else "to stop and roll back"
        tools.progress.say(f"asked ECS {what}: service deployment {short(arn)}")
        outcome = _followed(aws, service, deployment, tools, steering)
    return ended(replace(outcome, wished=(Verdict.ROLLED_BACK, Verdict.STOPPED)), tools, started_ms)


def wait(aws: Aws, name: str, tools: Tools, steering: Steering, arn: str | None = None) -> Outcome:
    """Follow a service deployment that has begun, the service's newest unless one is named."""
    service = required_service(aws, name)
    if arn is None:
        arn = next((str(one["serviceDeploymentArn"]) for one in aws.ecs.service_deployments(name)), None)
    deployment = aws.ecs.service_deployment(arn) if arn else None
    if deployment is None:
        which = f"deployment {short(arn)}" if arn else "deployment"
        raise DeployError(f"ECS knows no {which} of {name} (those of the last 90 days are kept).")
    tools, started_ms = tools.of_service(name, aws), tools.pace.now_ms()
    with whole_change(tools, aws, name):
        outcome = _followed(aws, service, deployment, tools, steering)
    return ended(outcome, tools, started_ms)


def _answer(aws: Aws, name: str, tools: Tools, steering: Steering, action: str) -> Outcome:
    service, deployment = _under_way(aws, name)
    arn = str(deployment["serviceDeploymentArn"])
    hook = chosen_hook(deployment, steering.hook_id)
    tools, started_ms = tools.of_service(name, aws), tools.pace.now_ms()
    with whole_change(tools, aws, name):
        aws.ecs.continue_service_deployment(arn, str(hook["hookId"]), action)
        stage = deployment.get("lifecycleStage")
        tools.progress.say(f"answered hook {hook_name(hook)} at {stage} with {action}")
        outcome = _followed(aws, service, deployment, tools, steering, frozenset([str(hook["hookId"])]))
    outcome = replace(outcome, wished=(Verdict.ROLLED_BACK,) if action == "ROLLBACK" else ())
    return ended(outcome, tools, started_ms)


def _under_way(aws: Aws, name: str) -> tuple[Members, Members]:
    """The service, and its service deployment that has not ended."""
    service = required_service(aws, name)
    brief = next(iter(aws.ecs.service_deployments(name, UNENDED)), None)
    found = aws.ecs.service_deployment(str(brief["serviceDeploymentArn"])) if brief else None
    if found is None:
        raise DeployError(
            f"No deployment of {name} is under way. `{status_command(aws, name)}` shows the last ones."
        )
    return service, found


def _followed(
    aws: Aws,
    service: Members,
    deployment: Members,
    tools: Tools,
    steering: Steering,
    answered: frozenset[str] = frozenset(),
) -> Outcome:
    name, arn = str(service["serviceName"]), str(deployment["serviceDeploymentArn"])
    outcome = Outcome(
        Verdict.UNCHANGED,
        "",
        aws.ecs.cluster,
        name,
        service_deployment_arn=arn,
        revision_before=_definition(aws, next(iter(deployment.get("sourceServiceRevisions") or ()), None)),
    )
    if not steering.wait:
        ending = Ending(Verdict.DETACHED, f"see how it goes with `{status_command(aws, name)}`.")
        return concluded(outcome, ending, aws, None)
    target = _definition(aws, deployment.get("targetServiceRevision")) or str(service["taskDefinition"])
    state = WatchState(
        arn,
        tools.pace.now_ms(),
        steering.timeout_s,
        short(target),
        frozenset(str(event["id"]) for event in service.get("events") or ()),
        answered=answered,
        fail_fast=steering.fail_fast,
    )
    return follow_from(state, outcome, target, aws, tools)


def _definition(aws: Aws, revision: Members | None) -> str | None:
    found = aws.ecs.service_revision(str(revision["arn"])) if revision else None
    return str(found["taskDefinition"]) if found else None
