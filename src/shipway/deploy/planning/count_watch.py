"""Following a new desired count: it begins no service deployment, so the watch is until so many tasks run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from shipway.deploy.events import Event, ServiceEvent, TasksCounted
from shipway.deploy.planning.step import Step
from shipway.deploy.planning.verdict import Ending, Verdict
from shipway.deploy.planning.watch import PATIENCE_MS, SETTLES_MS, UNPLACED, duration

Members = dict[str, Any]


@dataclass(frozen=True)
class CountState:
    """The count that is wished, the one there was, and what the watch knows so far."""

    wished: int
    before: int
    started_ms: int
    timeout_s: float
    seen_events: frozenset[str] = frozenset()
    counts: TasksCounted | None = None
    unplaced: str = ""
    unplaced_since_ms: int = 0


def advance(state: CountState, service: Members | None, moment_ms: int) -> Step[CountState]:
    if service is None and state.counts is None and moment_ms - state.started_ms < SETTLES_MS:
        return Step(state, now="waiting for ECS")
    if service is None or service.get("status") != "ACTIVE":
        return Step(state, ending=Ending(Verdict.STOPPED, "the service was deleted meanwhile."))
    state, messages = _events(state, service, moment_ms)
    counts = _counts(service)
    news = messages if counts == state.counts else (*messages, counts)
    state = replace(state, counts=counts)
    return Step(state, news, _ending(state, service, moment_ms), counts.text())


def set_back(state: CountState) -> Ending:
    return Ending(Verdict.ROLLED_BACK, f"the desired count is {state.before} again, as it was asked for.")


def _events(state: CountState, service: Members, moment_ms: int) -> tuple[CountState, tuple[Event, ...]]:
    new = [event for event in reversed(service.get("events") or ()) if event["id"] not in state.seen_events]
    unplaced = [str(event["message"]) for event in new if UNPLACED in event["message"]]
    if unplaced:
        since_ms = state.unplaced_since_ms if state.unplaced else moment_ms
        state = replace(state, unplaced=unplaced[-1], unplaced_since_ms=since_ms)
    state = replace(state, seen_events=state.seen_events | {event["id"] for event in new})
    return state, tuple(ServiceEvent(str(event["message"])) for event in new)


def _counts(service: Members) -> TasksCounted:
    requested, running, pending = (
        int(service.get(f"{which}Count", 0)) for which in ("desired", "running", "pending")
    )
    return TasksCounted("", requested, running, pending)


def _ending(state: CountState, service: Members, moment_ms: int) -> Ending | None:
    desired, running = service.get("desiredCount"), service.get("runningCount", 0)
    passed_ms = moment_ms - state.started_ms
    if desired != state.wished:
        if desired == state.before and passed_ms < SETTLES_MS:
            return None
        return Ending(Verdict.SUPERSEDED, f"the desired count was set to {desired} by somebody else.")
    if running == state.wished and not service.get("pendingCount"):
        return Ending(Verdict.DEPLOYED, f"{_tasks(state.wished)} running; the revision is the same.")
    if state.unplaced and moment_ms - state.unplaced_since_ms >= PATIENCE_MS:
        return Ending(
            Verdict.ERROR,
            f"not all of the {state.wished} tasks can be placed; ECS keeps trying. "
            f"ECS says: {state.unplaced}",
        )
    if passed_ms >= state.timeout_s * 1000:
        return Ending(
            Verdict.TIMED_OUT,
            f"{running} of {state.wished} tasks run after {duration(state.timeout_s)}; "
            "it goes on without us.",
        )
    return None


def _tasks(count: int) -> str:
    return "1 task is" if count == 1 else f"{count} tasks are"
