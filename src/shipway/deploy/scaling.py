"""A new desired count begins no service deployment: the watch until so many tasks run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.pace import Pace
from shipway.deploy.edge.progress import Progress
from shipway.deploy.follow import LOOK_EVERY_S, Interruption, status_command
from shipway.deploy.planning.verdict import Ending, Verdict
from shipway.deploy.planning.watch import PATIENCE_MS, UNPLACED, duration

Members = dict[str, Any]


@dataclass(frozen=True)
class CountWish:
    """The service's new desired count, the one it had, and the events that were there before."""

    service: str
    count: int
    before: int
    seen_events: frozenset[str]


@dataclass(frozen=True)
class CountState:
    """What the watch knows so far."""

    started_ms: int
    seen_events: frozenset[str]
    said: str = ""
    unplaced: str = ""
    unplaced_since_ms: int = 0


class Scaling:
    """Follows one change of the desired count; `events` are the service's own words meanwhile."""

    def __init__(self, aws: Aws, progress: Progress, pace: Pace, interruption: Interruption) -> None:
        self.aws = aws
        self.progress = progress
        self.pace = pace
        self.interruption = interruption
        self.events: list[str] = []

    def follow(self, wish: CountWish, timeout_s: float) -> Ending:
        state = CountState(self.pace.now_ms(), wish.seen_events)
        while True:
            try:
                service = self.aws.ecs.service(wish.service)
                if service is None or service.get("status") != "ACTIVE":
                    return Ending(Verdict.STOPPED, "the service was deleted meanwhile.")
                state = self._said(state, service)
                ending = self._ending(state, service, wish, timeout_s)
                if ending is not None:
                    return ending
                self.pace.pause(LOOK_EVERY_S)
            except KeyboardInterrupt:
                ending = self._interrupted(wish)
                if ending is not None:
                    return ending

    def _said(self, state: CountState, service: Members) -> CountState:
        events = reversed(service.get("events") or ())
        new = [event for event in events if event["id"] not in state.seen_events]
        for event in new:
            self.events.append(str(event["message"]))
            self.progress.say(str(event["message"]))
            if UNPLACED in event["message"] and not state.unplaced:
                state = replace(state, unplaced_since_ms=self.pace.now_ms())
            if UNPLACED in event["message"]:
                state = replace(state, unplaced=str(event["message"]))
        pending = int(service.get("pendingCount", 0))
        text = f"{service.get('runningCount', 0)} of {service.get('desiredCount', 0)} tasks running"
        text += f", {pending} starting" if pending else ""
        if text != state.said:
            self.progress.say(text)
        self.progress.now(text)
        seen = state.seen_events | {event["id"] for event in new}
        return replace(state, said=text, seen_events=seen)

    def _ending(
        self, state: CountState, service: Members, wish: CountWish, timeout_s: float
    ) -> Ending | None:
        if service.get("desiredCount") != wish.count:
            return Ending(
                Verdict.SUPERSEDED,
                f"the desired count was set to {service.get('desiredCount')} by somebody else.",
            )
        if service.get("runningCount") == wish.count and not service.get("pendingCount"):
            return Ending(Verdict.DEPLOYED, f"{_tasks(wish.count)} running; the revision is the same.")
        now_ms = self.pace.now_ms()
        if state.unplaced and now_ms - state.unplaced_since_ms >= PATIENCE_MS:
            return Ending(
                Verdict.ERROR,
                f"not all of the {wish.count} tasks can be placed; ECS keeps trying. "
                f"ECS says: {state.unplaced}",
            )
        if now_ms - state.started_ms >= timeout_s * 1000:
            return Ending(
                Verdict.TIMED_OUT,
                f"{service.get('runningCount', 0)} of {wish.count} tasks run after {duration(timeout_s)}; "
                "it goes on without us.",
            )
        return None

    def _interrupted(self, wish: CountWish) -> Ending | None:
        self.progress.close()
        answer = self.interruption.asked()
        if answer == "detach":
            command = status_command(self.aws, wish.service)
            return Ending(Verdict.DETACHED, f"ECS goes on by itself; see it with `{command}`.")
        if answer == "roll back":
            self.aws.ecs.update_service({"service": wish.service, "desiredCount": wish.before})
            return Ending(Verdict.ROLLED_BACK, f"the desired count is {wish.before} again.")
        return None


def _tasks(count: int) -> str:
    return "1 task is" if count == 1 else f"{count} tasks are"
