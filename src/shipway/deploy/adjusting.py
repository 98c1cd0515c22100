"""Changes of a living service that need no file: how many tasks, and the same tasks anew."""

from __future__ import annotations

from typing import Any

from shipway.deploy.edge.autoscaling import Autoscaling
from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError
from shipway.deploy.follow import resilient, status_command
from shipway.deploy.observe import required_service
from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.count_watch import CountState
from shipway.deploy.planning.references import short
from shipway.deploy.planning.scaling_bounds import Bounds, bounds_line, widened
from shipway.deploy.planning.verdict import Ending, Verdict
from shipway.deploy.release import begin_and_follow, concluded, ended, follow_count, whole_change
from shipway.deploy.steering import Steering
from shipway.deploy.tools import Tools

Members = dict[str, Any]


def restart(aws: Aws, name: str, tools: Tools, steering: Steering) -> Outcome:
    """A new deployment of what the service is: every task is replaced by the deployment's own rules."""
    service = required_service(aws, name)
    tools.of_service(name, aws).progress.say(
        f"replacing every task of {name} ({short(str(service['taskDefinition']))})"
    )
    return begin_and_follow(
        aws, service, {"forceNewDeployment": True}, tools, steering.timeout_s, wait=steering.wait
    )


def scale(aws: Aws, name: str, count: int, tools: Tools, steering: Steering) -> Outcome:
    """Set the desired count and watch until so many tasks run; auto scaling's bounds are made to hold it."""
    tools, started_ms = tools.of_service(name, aws), tools.pace.now_ms()
    service = required_service(aws, name)
    if service.get("schedulingStrategy") == "DAEMON":
        raise DeployError(f"{name} is a daemon: it runs one task on each container instance, and no count.")
    before = int(service.get("desiredCount", 0))
    definition = str(service["taskDefinition"])
    outcome = Outcome(Verdict.UNCHANGED, "", aws.ecs.cluster, name, revision_before=definition)
    scaling = Autoscaling(aws.service("application-autoscaling"), aws.ecs.cluster, name)
    bounds: Bounds | None = resilient(None, scaling.bounds)
    if bounds is not None:
        tools.progress.say(bounds_line(bounds, count))
    with whole_change(tools, aws, name):
        if bounds is not None and widened(bounds, count) != bounds:
            scaling.set_bounds(widened(bounds, count))
        if count != before:
            aws.ecs.update_service({"service": name, "desiredCount": count})
        elif service.get("runningCount") == count and not service.get("pendingCount"):
            ending = Ending(Verdict.UNCHANGED, f"{count} tasks run already.")
            return ended(concluded(outcome, ending, aws, None), tools, started_ms)
        if not steering.wait:
            command = status_command(aws, name)
            ending = Ending(Verdict.DETACHED, f"{count} tasks are asked for; see them with `{command}`.")
            return ended(concluded(outcome, ending, aws, None), tools, started_ms)
        seen = frozenset(str(event["id"]) for event in service.get("events") or ())
        state = CountState(count, before, tools.pace.now_ms(), steering.timeout_s, seen)
        outcome = follow_count(state, outcome, definition, aws, tools)
        if outcome.verdict is Verdict.ROLLED_BACK and bounds is not None:
            scaling.set_bounds(bounds)
    return ended(outcome, tools, started_ms)
