"""How far a deployment that shifts traffic has come: its weights, its hooks, and what waits for an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.events import HookChanged, TrafficShifted
from shipway.deploy.planning.moments import minute
from shipway.deploy.planning.references import short

Members = dict[str, Any]
# Whose traffic, and the share that the new revision was asked to get: None where nothing is shifted.
Weights = tuple[tuple[str, float | None], ...]

WEIGHT_MEMBERS = (
    ("test", "requestedTestTrafficWeight"),
    ("production", "requestedProductionTrafficWeight"),
)
HOOK_WORDS = {
    "AWAITING_ACTION": "waits for an answer",
    "IN_PROGRESS": "is in progress",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "TIMED_OUT": "timed out",
}


def weights(deployment: Members) -> Weights:
    target = deployment.get("targetServiceRevision") or {}
    return tuple(
        (traffic, None if target.get(member) is None else float(target[member]))
        for traffic, member in WEIGHT_MEMBERS
    )


def weight_news(before: Weights, now: Weights, revision: str) -> tuple[TrafficShifted, ...]:
    """What moved. That the new revision has nothing yet is no news."""
    known = dict(before)
    return tuple(
        TrafficShifted(traffic, share, revision)
        for traffic, share in now
        if share is not None and share != (known.get(traffic) or 0.0)
    )


def hooks(deployment: Members) -> tuple[Members, ...]:
    return tuple(deployment.get("lifecycleHookDetails") or ())


def hook_news(deployment: Members) -> tuple[HookChanged, ...]:
    return tuple(
        HookChanged(hook_name(hook), str(hook.get("status")), hook_line(hook)) for hook in hooks(deployment)
    )


def hook_line(hook: Members) -> str:
    status = str(hook.get("status"))
    return f"hook {hook_name(hook)} {HOOK_WORDS.get(status, status)}"


def hook_name(hook: Members) -> str:
    target = hook.get("targetArn")
    identity = str(hook.get("hookId"))
    return f"{identity} ({str(target).rpartition('function:')[2]})" if target else identity


def waiting(deployment: Members) -> tuple[Members, ...]:
    """Only what a person must answer; and once it rolls back nobody is asked any more."""
    if deployment.get("status") != "IN_PROGRESS":
        return ()
    return tuple(hook for hook in hooks(deployment) if hook.get("status") == "AWAITING_ACTION")


def paused_sentence(deployment: Members, waits: tuple[Members, ...], command: Callable[[str], str]) -> str:
    """Which hook, until when, what happens without an answer, and how to give one."""
    stage = deployment.get("lifecycleStage")
    first, several = waits[0], len(waits) > 1
    chosen = f" --hook {first.get('hookId')}" if several else ""
    names = " and ".join(f"hook {hook_name(hook)}" for hook in waits)
    return (
        f"the deployment waits at {stage} for an answer to {names}; {without_answer(first)}. "
        f"Answer with `{command('approve')}{chosen}` or `{command('reject')}{chosen}`."
    )


def without_answer(hook: Members) -> str:
    when = minute(hook.get("expiresAt"))
    at = f" at {when}" if when else ""
    return f"without one ECS will {hook.get('timeoutAction', 'ROLLBACK')}{at}"


def stage_report(deployment: Members, revision: str) -> list[str]:
    """For `status`: the lines under a deployment that has not ended."""
    lines = [f"  stage {deployment['lifecycleStage']}"] if deployment.get("lifecycleStage") else []
    lines += [
        f"  {traffic} traffic: {share:g} % to {revision}"
        for traffic, share in weights(deployment)
        if share is not None
    ]
    for hook in hooks(deployment):
        ends = f"; {without_answer(hook)}" if hook in waiting(deployment) else ""
        lines.append(f"  {hook_line(hook)}{ends}")
    breaker = deployment.get("deploymentCircuitBreaker") or {}
    if breaker.get("status") not in (None, "DISABLED"):
        lines.append(
            f"  circuit breaker {breaker['status']}: "
            f"{breaker.get('failureCount', 0)} of {breaker.get('threshold')} failures"
        )
    alarms = deployment.get("alarms") or {}
    if alarms.get("status") not in (None, "DISABLED"):
        ringing = ", ".join(map(short, alarms.get("triggeredAlarmNames") or ())) or "none rings"
        lines.append(f"  alarms {alarms['status']}: {ringing}")
    return lines


def chosen_hook(deployment: Members, hook_id: str | None) -> Members:
    """The hook that an answer is for; where several wait, it must be said which."""
    waits = waiting(deployment)
    named = short(str(deployment["serviceDeploymentArn"]))
    if not waits:
        stage = deployment.get("lifecycleStage")
        at = f" at {stage}" if stage else ""
        raise DeployError(
            f"No hook waits for an answer: the deployment {named} is {deployment.get('status')}{at}."
        )
    names = ", ".join(str(hook.get("hookId")) for hook in waits)
    if hook_id is None and len(waits) > 1:
        raise UsageError(f"{len(waits)} hooks wait; say which with --hook: {names}.")
    found = next((hook for hook in waits if hook_id in (None, hook.get("hookId"))), None)
    if found is None:
        raise DeployError(f"No hook {hook_id!r} of the deployment {named} waits. Waiting: {names}.")
    return found
