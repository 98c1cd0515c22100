"""What is broken from outside, and when: decided from what was seen of the new version's tasks. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from shipway.rehearsal.faults import CRASH, INSTANCE, ZONE, Fault

Members = dict[str, Any]


@dataclass(frozen=True)
class TaskSeen:
    """One task; `instance` is EC2's id, empty on Fargate."""

    arn: str
    definition: str
    status: str
    started: str = ""
    healthy: bool = False
    instance: str = ""
    zone: str = ""

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2][:8]

    @property
    def revision(self) -> str:
        return self.definition.rpartition("/")[2]


@dataclass(frozen=True)
class Look:
    """The service's tasks and the cluster's instances (EC2 id to zone) at one moment."""

    at_s: float
    tasks: tuple[TaskSeen, ...] = ()
    instances: dict[str, str] = field(default_factory=dict)
    service: Members = field(default_factory=dict)


@dataclass(frozen=True)
class Breaking:
    """What is still to be broken, and the new version's tasks that have been seen running, in order."""

    faults: tuple[Fault, ...]
    old: str  # the task definition of the first version
    container: str
    kills: bool  # simulated containers of a version that always crashes do so by themselves
    seen: tuple[str, ...] = ()
    done: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Blow:
    """A request to local ECS, and what to say of it."""

    fault: Fault
    request: Members
    text: str


def advance(breaking: Breaking, look: Look) -> tuple[Breaking, tuple[Blow, ...]]:
    """The next state, and what to break now."""
    running = [t for t in look.tasks if t.status == "RUNNING" and t.definition != breaking.old]
    fresh = sorted((t for t in running if t.arn not in breaking.seen), key=lambda t: (t.started, t.arn))
    blows: list[Blow] = []
    for number, task in enumerate(fresh, len(breaking.seen) + 1):
        blows += _on_start(breaking, task, number)
    if running:
        blows += _on_power(breaking, min(running, key=lambda t: (t.started, t.arn)), look)
    struck = {blow.fault for blow in blows}
    done = breaking.done + tuple(f for f in breaking.faults if f in struck and f not in breaking.done)
    seen = breaking.seen + tuple(task.arn for task in fresh)
    return replace(breaking, seen=seen, done=done), tuple(blows)


def _on_start(breaking: Breaking, task: TaskSeen, number: int) -> list[Blow]:
    blows = []
    target = [{"task": task.arn, "container": breaking.container}]
    for fault in breaking.faults:
        if fault.kind == CRASH and (fault.nth == number or (fault.nth is None and breaking.kills)):
            text = f"killed {breaking.container} of the new task {task.name}, number {number}"
            blows.append(Blow(fault, {"killed": target}, text))
    return blows


def _on_power(breaking: Breaking, task: TaskSeen, look: Look) -> list[Blow]:
    blows = []
    for fault in breaking.faults:
        if fault in breaking.done or not task.instance:
            continue
        if fault.kind == INSTANCE:
            text = (
                f"the instance {task.instance} ({task.zone}) lost its power; it runs the new task {task.name}"
            )
            blows.append(Blow(fault, {"dark": [task.instance]}, text))
        if fault.kind == ZONE:
            dark = sorted(instance for instance, zone in look.instances.items() if zone == task.zone)
            text = f"the zone {task.zone} lost its power: {len(dark)} of {len(look.instances)} instances"
            blows.append(Blow(fault, {"gone": dark}, text))
    return blows


def never_came(breaking: Breaking) -> tuple[Fault, ...]:
    """Faults from outside that found nothing to strike."""
    from_outside = [
        fault
        for fault in breaking.faults
        if fault.kind in (INSTANCE, ZONE)
        or (fault.kind == CRASH and (fault.nth is not None or breaking.kills))
    ]
    return tuple(fault for fault in from_outside if fault not in breaking.done)
