"""Following one service deployment to its own end: observations in, events and an ending out.

A service that is "stable" says nothing: a rollback makes it stable too. So the watch follows the ARN of its
own service deployment. Each observation is folded into the state; what changed becomes events; and the first
state that is an end for *this* deployment becomes the ending. Superseded and stopped look alike to ECS (both
are STOPPED): a newer deployment of the same service tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from shipway.deploy.events import (
    BreakerCounted,
    CauseFound,
    EndExpected,
    Event,
    HookChanged,
    ServiceEvent,
    StageReached,
    StatusChanged,
    TargetsCounted,
    TasksCounted,
)
from shipway.deploy.planning.counting import several
from shipway.deploy.planning.display import revision_lines, time_line
from shipway.deploy.planning.hopeless import incurable
from shipway.deploy.planning.references import short
from shipway.deploy.planning.stages import (
    Weights,
    hook_news,
    paused_sentence,
    waiting,
    weight_news,
    weights,
)
from shipway.deploy.planning.step import Step
from shipway.deploy.planning.verdict import Ending, Verdict

Members = dict[str, Any]

UNPLACED = "unable to place a task"
NO_CANDIDATE = "No rollback candidate was found to run the rollback."
# How long nothing may move after ECS said so. Capacity may come: instances register, other tasks end.
PATIENCE_MS = 30_000
# No instance could hold the task even when empty: only a new instance could help.
HOPELESS_PATIENCE_MS = 8_000
# Descriptions are eventually consistent: what has just begun may not show for a few seconds.
SETTLES_MS = 20_000
# Old tasks still run, and their place may be the one that is waited for: they drain for up to 300 s.
DRAINING_PATIENCE_MS = 330_000

ROLLING_BACK = ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
# Once it is stopped or rolled back, nothing is asked of the target revision any more.
FOLLOWED = ("PENDING", "IN_PROGRESS", "SUCCESSFUL", *ROLLING_BACK)
ENDED = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
STATUS_LINES = {
    "PENDING": "the deployment waits to begin",
    "IN_PROGRESS": "the deployment is in progress",
    "STOP_REQUESTED": "the deployment is being stopped",
    "ROLLBACK_REQUESTED": "a rollback was asked for",
    "ROLLBACK_IN_PROGRESS": "ECS is rolling back",
}


@dataclass(frozen=True)
class Observation:
    """One look at the service and at our deployment of it."""

    moment_ms: int
    deployment: Members | None
    service: Members | None
    newest_deployment_arn: str | None = None
    hopeless: bool = False
    # Targets by state and stopped tasks, where this look has seen them.
    targets: dict[str, int] | None = None
    stopped: tuple[Members, ...] = ()


@dataclass(frozen=True)
class WatchState:
    """What the watch knows so far."""

    deployment_arn: str
    started_ms: int
    timeout_s: float = float("inf")
    revision: str = "the new revision"
    seen_events: frozenset[str] = frozenset()
    status: str = ""
    counts: TasksCounted | None = None
    failures: int = 0
    stage: str = ""
    weights: Weights = ()
    hooks_told: frozenset[HookChanged] = frozenset()
    # Where the service is, as options of a command line.
    place: str = ""
    # ECS may show a hook as waiting for a moment after it was answered.
    answered: frozenset[str] = frozenset()
    reason: str = ""
    unplaced_since_ms: int | None = None
    unplaced_message: str = ""
    targets: TargetsCounted | None = None
    usual: EndExpected | None = None
    # What to do about a cause that cannot heal: see `fail_fast` in docs/design/deploy.md.
    fail_fast: str = "auto"
    incurable: str = ""

    @property
    def incomplete(self) -> bool:
        """Tasks are still missing: success cannot be the next thing to happen."""
        counts = self.counts
        return counts is None or counts.running < counts.requested or counts.pending > 0


def advance(state: WatchState, seen: Observation) -> Step[WatchState]:
    if seen.deployment is None:
        return _without_deployment(state, seen)
    state, messages = _events(state, seen)
    state, statuses = _status(state, seen.deployment)
    state, stages = _stage(state, seen.deployment)
    state, counts = _counts(state, seen)
    state, targets = _targets(state, seen)
    state, causes = _cause(state, seen)
    ending = _ending(state, seen) or _timed_out(state, seen)
    news = (*messages, *statuses, *stages, *counts, *targets, *causes)
    return Step(state, news, ending, display(state, seen))


def display(state: WatchState, seen: Observation) -> str:
    """What a terminal shows below the lines."""
    counts = state.counts.text() if state.counts else "waiting for ECS"
    lines = list(revision_lines(seen.service, state.revision)) or [counts]
    if state.status in ROLLING_BACK:
        lines.append("rolling back")
    if state.targets is not None and state.targets.states:
        lines.append(state.targets.text())
    if state.stage:
        shares = [f"{traffic} {share:g} %" for traffic, share in state.weights if share is not None]
        traffic = f", traffic to {state.revision}: {', '.join(shares)}" if shares else ""
        lines.append(f"stage {state.stage}{traffic}")
    breaker = (seen.deployment or {}).get("deploymentCircuitBreaker") or {}
    if breaker.get("status") not in (None, "DISABLED") and breaker.get("threshold"):
        lines.append(BreakerCounted(state.failures, breaker["threshold"]).text())
    usual_s = state.usual.usual_ms / 1000 if state.usual else None
    lines.append(time_line(seen.moment_ms - state.started_ms, usual_s))
    return "\n".join(lines)


def rolls_back(state: WatchState, deployment: Members) -> bool:
    """Whether ECS is to be asked for a rollback when a cause cannot heal: where it would roll back itself in
    the end, or where that is wished; and where there is something to go back to.
    """
    configuration = deployment.get("deploymentConfiguration") or {}
    own = bool((configuration.get("deploymentCircuitBreaker") or {}).get("rollback"))
    wished = state.fail_fast == "rollback" or (state.fail_fast == "auto" and own)
    return wished and bool(deployment.get("sourceServiceRevisions"))


def left(answer: str, status_command: str, resume_command: str) -> Ending:
    """The watch ends before the deployment does: `detach` was chosen; elsewhere nobody could be asked."""
    verdict = Verdict.DETACHED if answer == "detach" else Verdict.INTERRUPTED
    return Ending(
        verdict,
        f"ECS goes on by itself; see it with `{status_command}`, or follow it to its end with "
        f"`{resume_command}`.",
    )


def _without_deployment(state: WatchState, seen: Observation) -> Step[WatchState]:
    if not state.status and seen.moment_ms - state.started_ms < SETTLES_MS:
        return Step(state, now="waiting for ECS")
    if seen.service is None or seen.service.get("status") != "ACTIVE":
        ending = Ending(Verdict.STOPPED, "the service was deleted during the deployment.")
    else:
        ending = Ending(Verdict.ERROR, "ECS no longer knows this service deployment.")
    return Step(state, ending=ending)


def _events(state: WatchState, seen: Observation) -> tuple[WatchState, tuple[Event, ...]]:
    events = list((seen.service or {}).get("events") or ())
    new = [event for event in reversed(events) if event["id"] not in state.seen_events]
    if not new:
        return state, ()
    unplaced = [str(event["message"]) for event in new if UNPLACED in event["message"]]
    state = replace(state, seen_events=state.seen_events | {event["id"] for event in new})
    if unplaced:
        since = state.unplaced_since_ms
        state = replace(
            state,
            unplaced_since_ms=seen.moment_ms if since is None else since,
            unplaced_message=unplaced[-1],
        )
    return state, tuple(ServiceEvent(str(event["message"])) for event in new)


def _status(state: WatchState, deployment: Members) -> tuple[WatchState, tuple[Event, ...]]:
    news: list[Event] = []
    status, reason = deployment["status"], str(deployment.get("statusReason") or "")
    breaker = deployment.get("deploymentCircuitBreaker") or {}
    failures = int(breaker.get("failureCount") or 0)
    if status != state.status and status in STATUS_LINES:
        news.append(StatusChanged(status, STATUS_LINES[status]))
    if reason and reason != state.reason:
        news.append(StatusChanged(status, reason))
    if failures > state.failures:
        news.append(BreakerCounted(failures, breaker.get("threshold")))
    state = replace(state, status=status, reason=reason or state.reason, failures=failures)
    return state, tuple(news)


def _stage(state: WatchState, deployment: Members) -> tuple[WatchState, tuple[Event, ...]]:
    stage = str(deployment.get("lifecycleStage") or "")
    shares = weights(deployment)
    reached = (StageReached(stage),) if stage and stage != state.stage else ()
    told = dict.fromkeys(hook_news(deployment))
    hooks = tuple(event for event in told if event not in state.hooks_told)
    news = (*reached, *weight_news(state.weights, shares, state.revision), *hooks)
    state = replace(state, stage=stage, weights=shares, hooks_told=state.hooks_told | frozenset(hooks))
    return state, news


def _counts(state: WatchState, seen: Observation) -> tuple[WatchState, tuple[Event, ...]]:
    deployment = seen.deployment or {}
    if state.status not in FOLLOWED:
        return state, ()
    rolling_back = state.status in ROLLING_BACK
    if rolling_back and seen.service is not None:
        source: Members = {
            "requestedTaskCount": seen.service.get("desiredCount"),
            "runningTaskCount": sum(
                int(found.get("runningCount", 0))
                for found in seen.service.get("deployments") or ()
                if found.get("status") == "PRIMARY"
            ),
            "pendingTaskCount": seen.service.get("pendingCount"),
        }
    else:
        source = deployment.get("targetServiceRevision") or {}
    before = state.counts
    counts = TasksCounted(
        state.revision,
        int(source.get("requestedTaskCount") or 0),
        int(source.get("runningTaskCount") or 0),
        int(source.get("pendingTaskCount") or 0),
        rolling_back,
    )
    if counts == before:
        return state, ()
    more = before is None or counts.running > before.running or counts.pending > before.pending
    state = replace(state, counts=counts)
    if counts.running + counts.pending >= counts.requested:
        state = replace(state, unplaced_since_ms=None, unplaced_message="")
    elif more and state.unplaced_since_ms is not None:
        # A task found its place after all: patience starts anew.
        state = replace(state, unplaced_since_ms=seen.moment_ms)
    return state, (counts,)


def _targets(state: WatchState, seen: Observation) -> tuple[WatchState, tuple[Event, ...]]:
    if seen.targets is None:
        return state, ()
    counted = TargetsCounted(dict(sorted(seen.targets.items())))
    if counted == state.targets or (not counted.states and state.targets is None):
        return state, ()
    return replace(state, targets=counted), (counted,)


def _cause(state: WatchState, seen: Observation) -> tuple[WatchState, tuple[Event, ...]]:
    """A cause that cannot heal, once."""
    if state.incurable or state.fail_fast == "off" or state.status not in ("PENDING", "IN_PROGRESS"):
        return state, ()
    found = incurable(seen.stopped, current_id(seen.service))
    if not found:
        return state, ()
    return replace(state, incurable=found), (CauseFound(found),)


def current_id(service: Members | None) -> str:
    """What tasks of the newest deployment are started by (ECS: ecs-svc/...)."""
    deployments = (service or {}).get("deployments") or ()
    return next((str(one.get("id")) for one in deployments if one.get("status") == "PRIMARY"), "")


def _ending(state: WatchState, seen: Observation) -> Ending | None:
    deployment = seen.deployment or {}
    status = state.status
    superseded = seen.newest_deployment_arn not in (None, state.deployment_arn)
    if status == "SUCCESSFUL":
        requested = state.counts.requested if state.counts else 0
        verb = "is" if requested == 1 else "are"
        told = f"{several(requested, 'task')} of {state.revision} {verb} in service."
        return Ending(Verdict.DEPLOYED, told)
    if status == "ROLLBACK_SUCCESSFUL":
        back = (seen.service or {}).get("taskDefinition")
        to = f" to {short(str(back))}" if back else ""
        why = state.incurable or _rollback_reason(deployment, state)
        return Ending(Verdict.ROLLED_BACK, f"ECS rolled the service back{to}. {why}")
    if status == "ROLLBACK_FAILED" and NO_CANDIDATE in (state.reason, deployment.get("statusReason")):
        return Ending(
            Verdict.ERROR,
            "the deployment failed, and there is no earlier one to roll back to. "
            f"{_rollback_reason(deployment, replace(state, reason=''))}".strip(),
        )
    if status == "ROLLBACK_FAILED":
        return Ending(Verdict.ERROR, f"the rollback failed too. {_rollback_reason(deployment, state)}")
    if status in ("STOPPED", "STOP_REQUESTED") and superseded:
        return Ending(
            Verdict.SUPERSEDED,
            f"a newer deployment ({short(str(seen.newest_deployment_arn))}) took this one's place.",
        )
    if status == "STOPPED":
        return Ending(
            Verdict.STOPPED, f"the deployment was stopped. {_rollback_reason(deployment, state)}".strip()
        )
    waits = tuple(hook for hook in waiting(deployment) if hook.get("hookId") not in state.answered)
    if waits:
        sentence = paused_sentence(deployment, waits, lambda verb: f"shipway {verb}{state.place}")
        return Ending(Verdict.PAUSED, sentence)
    if state.incurable and status in ("PENDING", "IN_PROGRESS") and not rolls_back(state, deployment):
        return Ending(
            Verdict.ERROR,
            f"{state.incurable} No further task would do better. The deployment is left as it is, and ECS "
            f"keeps trying: `shipway cancel{state.place}` ends it, and so does deploying a mended revision.",
        )
    if status == "IN_PROGRESS" and _out_of_patience(state, seen):
        return Ending(
            Verdict.ERROR,
            "the tasks cannot be placed; the deployment is left as it is, and ECS keeps trying. "
            f"ECS says: {state.unplaced_message}",
        )
    return None


def _timed_out(state: WatchState, seen: Observation) -> Ending | None:
    if seen.moment_ms - state.started_ms < state.timeout_s * 1000:
        return None
    sentence = f"the deployment did not end within {duration(state.timeout_s)}; it goes on without us."
    if state.unplaced_message:
        sentence += f" ECS says: {state.unplaced_message}"
    return Ending(Verdict.TIMED_OUT, sentence)


def _out_of_patience(state: WatchState, seen: Observation) -> bool:
    if state.unplaced_since_ms is None:
        return False
    deployments = (seen.service or {}).get("deployments") or ()
    older = sum(
        int(found.get("runningCount", 0)) for found in deployments if found.get("status") != "PRIMARY"
    )
    patience_ms = HOPELESS_PATIENCE_MS if seen.hopeless else DRAINING_PATIENCE_MS if older else PATIENCE_MS
    return seen.moment_ms - state.unplaced_since_ms >= patience_ms


def _rollback_reason(deployment: Members, state: WatchState) -> str:
    breaker = deployment.get("deploymentCircuitBreaker") or {}
    reason = (deployment.get("rollback") or {}).get("reason") or state.reason
    if not reason and breaker.get("status") == "TRIGGERED":
        reason = f"The circuit breaker counted {breaker.get('failureCount')} failures."
    return str(reason)


def duration(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60} min" if whole >= 60 and whole % 60 == 0 else f"{whole} s"
