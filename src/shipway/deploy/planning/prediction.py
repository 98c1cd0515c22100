"""What the service scheduler would do with the live cluster: its own rolling pass, step by step, on a clock
that is not real. Tasks start and stop in the times that are assumed; nothing crashes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from shipway.deploy.planning.counting import several
from shipway.model.actions import MarkHealthy, Plan, StartTask, StopTask
from shipway.model.resources import Remaining, Reservation
from shipway.model.service_revision import ServiceRevision
from shipway.model.snapshot import Fleet, InstanceView, ServiceSnapshot
from shipway.model.task import Task
from shipway.scheduler.birth import wanted_by
from shipway.scheduler.launch import birth_of
from shipway.scheduler.placement import active, failures_of
from shipway.scheduler.services import decide_service

Members = dict[str, Any]

PASSES_MAX = 2_000


@dataclass(frozen=True)
class Times:
    """Assumed: from a task's start until it is healthy, and from its stop until it is gone."""

    start_ms: int
    stop_ms: int


@dataclass(frozen=True)
class Step:
    """What happens at one moment of the prediction."""

    at_ms: int
    text: str


@dataclass(frozen=True)
class Prediction:
    """The steps in order; `missing` tasks find no place, and `nearest` says what lacks where."""

    steps: tuple[Step, ...]
    wanted: int
    missing: int
    nearest: str = ""

    @property
    def lasts_ms(self) -> int:
        return self.steps[-1].at_ms if self.steps else 0

    def sentence(self) -> str:
        if not self.missing:
            return "all tasks find a place."
        return f"{self.missing} of {self.wanted} tasks will not fit: {self.nearest}"

    def lines(self) -> list[str]:
        return [self.sentence(), *(f"after {step.at_ms / 1000:.0f} s: {step.text}" for step in self.steps)]

    def as_document(self) -> Members:
        return {
            "sentence": self.sentence(),
            "tasksWanted": self.wanted,
            "tasksMissing": self.missing,
            "steps": [{"afterMs": step.at_ms, "what": step.text} for step in self.steps],
        }


def predict(snapshot: ServiceSnapshot, times: Times) -> Prediction:
    course, ids = _Course(snapshot, times), _CountedIds()
    for _ in range(PASSES_MAX):
        plan = decide_service(course.snapshot, ids)
        if not course.apply(plan) and not course.move_on(plan.wake_at):
            break
    return course.prediction()


class _Course:
    """The world of the prediction: the snapshot that changes, and who is under way until when."""

    def __init__(self, snapshot: ServiceSnapshot, times: Times) -> None:
        self.snapshot = snapshot
        self._times = times
        self._steps: list[Step] = []
        self._due: dict[str, int] = {}
        for task in snapshot.tasks:
            if task.pending:
                self._due[task.task_arn] = times.start_ms
            elif task.desired_status == "STOPPED" and not task.stopped:
                self._due[task.task_arn] = times.stop_ms

    def apply(self, plan: Plan) -> bool:
        """Only what moves tasks; the books of deployments and the events decide nothing here."""
        now_ms = self.snapshot.now_ms
        changed = {task.task_arn: task for task in self.snapshot.tasks}
        started, stopped, healed = [], [], False
        for action in plan.actions:
            match action:
                case StartTask():
                    task = action.task
                    changed[task.task_arn] = task
                    self._due[task.task_arn] = now_ms + self._times.start_ms
                    self._occupy(task)
                    started.append(task)
                case StopTask():
                    task = replace(changed[action.task_arn], desired_status="STOPPED")
                    changed[task.task_arn] = task
                    self._due[task.task_arn] = now_ms + self._times.stop_ms
                    self._change(task, _left_alone, -1)
                    stopped.append(task)
                case MarkHealthy():
                    changed[action.task_arn] = replace(changed[action.task_arn], healthy_at=action.healthy_at)
                    healed = True
        self._tell(self._where("start", started), self._where("stop", stopped))
        self._with_tasks(changed)
        return bool(started or stopped or healed)

    def move_on(self, wake_at: int | None) -> bool:
        """To the next moment at which something happens; False when nothing is under way any more."""
        if not self._due:
            return False
        moments = [*self._due.values(), *([wake_at] if wake_at is not None else [])]
        now_ms = min(moment for moment in moments if moment > self.snapshot.now_ms)
        self.snapshot = replace(self.snapshot, now_ms=now_ms)
        changed = {task.task_arn: task for task in self.snapshot.tasks}
        arrived = [arn for arn, due in self._due.items() if due <= now_ms]
        running = gone = 0
        for arn in arrived:
            del self._due[arn]
            task = changed[arn]
            if task.desired_status == "STOPPED":
                changed[arn] = replace(task, last_status="STOPPED", stopped_at=now_ms)
                self._leave(task)
                gone += 1
            else:
                containers = tuple(
                    replace(item, last_status="RUNNING", health_status="HEALTHY") for item in task.containers
                )
                changed[arn] = replace(task, last_status="RUNNING", started_at=now_ms, containers=containers)
                running += 1
        self._tell(f"{_tasks(running)} healthy" if running else "", f"{_tasks(gone)} gone" if gone else "")
        self._with_tasks(changed)
        return True

    def prediction(self) -> Prediction:
        snapshot = self.snapshot
        target, wanted = snapshot.revisions[0], snapshot.service.desired_count
        have = sum(task.live for task in snapshot.tasks_of(target.deployment_id))
        missing = max(0, wanted - have)
        return Prediction(tuple(self._steps), wanted, missing, self._nearest(target) if missing else "")

    def _nearest(self, revision: ServiceRevision) -> str:
        definition = self.snapshot.task_definitions[revision.task_definition_arn]
        wanted = wanted_by(birth_of(self.snapshot, revision, definition))
        failures = failures_of(active(self.snapshot.fleet), wanted)
        if not failures:
            return "the cluster has no container instance that is ACTIVE."
        nearest = failures[0]
        found = self.snapshot.fleet.find(nearest.arn)
        return f"{nearest.reason}: {nearest.detail} on the nearest instance, {_name(found)}."

    def _where(self, verb: str, tasks: list[Task]) -> str:
        if not tasks:
            return ""
        places = Counter(_name(self.snapshot.fleet.find(task.container_instance_arn or "")) for task in tasks)
        named = ", ".join(f"{count} on {name}" for name, count in sorted(places.items()) if name)
        definitions = sorted({task.task_definition_arn.rpartition("/")[2] for task in tasks})
        # Revision 0 stands for the one that is not registered yet.
        which = ", ".join("the new revision" if name.endswith(":0") else name for name in definitions)
        return f"{verb} {_tasks(len(tasks))} of {which}{f' ({named})' if named else ''}"

    def _tell(self, *parts: str) -> None:
        text = ", ".join(filter(None, parts))
        if text:
            self._steps.append(Step(self.snapshot.now_ms, text))

    def _with_tasks(self, changed: dict[str, Task]) -> None:
        ordered = sorted(changed.values(), key=lambda task: (task.created_at, task.task_arn))
        self.snapshot = replace(self.snapshot, tasks=tuple(ordered))

    def _occupy(self, task: Task) -> None:
        self._change(task, Remaining.minus, 1)

    def _leave(self, task: Task) -> None:
        self._change(task, _plus, 0)

    def _change(self, task: Task, left: Callable[[Remaining, Reservation], Remaining], in_group: int) -> None:
        """What is left on the task's instance, and how many of its group count there: whoever is told to
        stop leaves the group at once and the instance later.
        """
        fleet, arn = self.snapshot.fleet, task.container_instance_arn
        views = tuple(
            replace(
                view,
                remaining=left(view.remaining, task.reservation),
                groups={**view.groups, task.group: max(0, view.groups.get(task.group, 0) + in_group)},
            )
            if view.instance.container_instance_arn == arn
            else view
            for view in fleet.instances
        )
        self.snapshot = replace(self.snapshot, fleet=Fleet(fleet.cluster_arn, views))


class _CountedIds:
    """Ids one after the other: a prediction is the same each time."""

    def __init__(self) -> None:
        self._drawn = 0

    def hex32(self) -> str:
        return f"{self._next():032x}"

    def uuid(self) -> str:
        return str(self._next())

    def number19(self) -> str:
        return f"{self._next():019d}"

    def word21(self) -> str:
        return f"{self._next():021d}"

    def word43(self) -> str:
        return f"{self._next():043d}"

    def _next(self) -> int:
        self._drawn += 1
        return self._drawn


def _plus(left: Remaining, given: Reservation) -> Remaining:
    return Remaining(
        left.cpu + given.cpu,
        left.memory + given.memory,
        left.ports_tcp.difference(given.ports_tcp),
        left.ports_udp.difference(given.ports_udp),
        left.gpu_ids,
    )


def _left_alone(left: Remaining, given: Reservation) -> Remaining:
    return left


def _tasks(count: int) -> str:
    return several(count, "task")


def _name(view: InstanceView | None) -> str:
    if view is None:
        return ""
    return view.instance.ec2_instance_id or view.instance.instance_id[:8]
