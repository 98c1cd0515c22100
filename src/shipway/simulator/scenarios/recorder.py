"""Keeps count of a scenario's services while it is played: a sample for each moment at which a count changed,
and an entry for whatever one would tell a colleague.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter

import msgspec

from shipway.drawing.timeline import Limits, Sample
from shipway.model.arn import short_name
from shipway.model.resources import Reservation
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.task import Task
from shipway.scheduler.events import SEE_ALSO
from shipway.scheduler.rolling import limits_of
from shipway.simulator.scenarios import shifts
from shipway.simulator.scenarios.book import Book, Breach, Entry, Shortage, Wait
from shipway.simulator.scenarios.group_recorder import GroupRecorder, has_waited
from shipway.simulator.scenarios.stage import Stage
from shipway.store import Change
from shipway.store.fleet import fleet_of

TASKS = re.compile(r"(\(task [0-9a-f]+\) ?){4,}")
LONG_ID = re.compile(r"\b(task|container-instance) ([0-9a-f]{32})\b")
TARGET_GROUP = re.compile(r"\(target-group arn:\S+:targetgroup/([^/]+)/\w+\)")
MACHINE = re.compile(r"\(instance i-([0-9a-f]{17})\)")
UNPLACED = re.compile(r"unable to place a task.*\(container-instance ([0-9a-f]{32})\)")


class Recorder:
    def __init__(self, stage: Stage) -> None:
        self.books: dict[str, Book] = {}
        self.entries: list[Entry] = []
        self.changed_s = 0.0  # when something was last noted
        self.began_ms = 0
        self.groups = GroupRecorder(stage.world)
        self._stage = stage
        self._world = stage.world
        self._began_s: float | None = None
        self._told: set[str] = set()  # ids of events

    def begin(self) -> None:
        """From now on, and nothing of what has been: this is moment zero."""
        self._began_s, self.began_ms = asyncio.get_running_loop().time(), self._world.clock.now_ms()
        self.books = {service.name: Book(name=service.name) for service in self._stage.scenario.services}
        self.groups.begin()
        self.entries, self.changed_s = [], 0.0
        self._waiting: list[Entry] = []  # told at this moment, before the counts are known
        self._ends: Counter[tuple[str, str]] = Counter()  # of tasks at this moment
        self._lasts: dict[tuple[str, str], Sample] = {}
        self._floors: dict[str, int] = {}
        self._ceilings: dict[str, int] = {}
        self._dirty = {service.service_arn for service in self._world.store.state.all(Service)}
        self.moment()

    @property
    def now_s(self) -> float:
        return round(asyncio.get_running_loop().time() - (self._began_s or 0.0), 3)

    def say(self, text: str, service: str = "") -> None:
        self._waiting.append(Entry(at_s=self.now_s, service=service, text=text))

    def committed(self, changes: tuple[Change, ...]) -> None:
        if self._began_s is None:
            return
        self.groups.committed(changes)
        for change in changes:
            record = change.after
            if isinstance(record, Service):
                self._dirty.add(record.service_arn)
                self._tell_events(record)
            elif isinstance(record, Task) and record.service_arn is not None:
                self._dirty.add(record.service_arn)
                self._note_end(record, change.before)
                if has_waited(record, change.before):
                    self._note_wait(record, in_vain=record.container_instance_arn is None)
            elif isinstance(record, ServiceRevision):
                self._dirty.add(record.service_arn)
            elif isinstance(record, ServiceDeployment):
                name = short_name(record.service_arn)
                for text in shifts.note(
                    self.books[name], self.now_s, change.before, record, self._revision_name
                ):
                    self.say(text, name)

    def _revision_name(self, service_revision_arn: str) -> str:
        revision = self._world.store.state.get(ServiceRevision, service_revision_arn)
        assert revision is not None
        return self._stage.revisions[revision.task_definition_arn]

    def moment(self) -> None:
        """A moment is over: what was told at it goes with the counts at its end."""
        if self._began_s is None:
            return
        for text in self.groups.moment(self.now_s):
            self.say(text)
        if not (self._dirty or self._waiting):
            return
        for service_arn in sorted(self._dirty):
            service = self._world.store.state.get(Service, service_arn)
            if service is not None:
                self._count(service)
        self._dirty.clear()
        for (service_name, why), count in self._ends.items():
            self.say(f"{count} tasks ended: {why}", service_name)
        self._ends.clear()
        for entry in self._waiting:
            counts = self.counts(entry.service) if entry.service else ""
            self.entries.append(msgspec.structs.replace(entry, counts=counts))
        self._waiting.clear()
        self.changed_s = self.now_s

    def end(self) -> None:
        """Who still waits for an instance has waited in vain."""
        for task in self._world.store.state.all(Task):
            if task.unplaced is not None and task.capacity_provider_name and task.service_arn is not None:
                self._note_wait(task, in_vain=True)

    def counts(self, service_name: str) -> str:
        """`v1 8, v2 2+1` are 8 healthy tasks of v1, 2 of v2 and one more that is not healthy yet."""
        lasts = [last for (name, _), last in self._lasts.items() if name == service_name]
        return ", ".join(told for last in lasts if (told := _told(last)))

    def _count(self, service: Service) -> None:
        state, name = self._world.store.state, service.service_name
        live = [task for task in state.by(Task, "service_arn", service.service_arn) if task.live]
        counts = {
            revision: Sample(at_s=self.now_s, revision=revision, running=0, pending=0, healthy=0)
            for owner, revision in self._lasts
            if owner == name
        }
        by_revision: dict[str, list[Task]] = {}
        for task in live:
            by_revision.setdefault(self._stage.revisions[task.task_definition_arn], []).append(task)
        for revision, tasks in by_revision.items():
            counts[revision] = Sample(
                at_s=self.now_s,
                revision=revision,
                running=sum(task.running for task in tasks),
                pending=sum(task.pending for task in tasks),
                healthy=sum(task.running and task.healthy_at is not None for task in tasks),
            )
        book = self.books[name]
        for revision, sample in counts.items():
            last = self._lasts.get((name, revision))
            if last is None or msgspec.structs.replace(last, at_s=sample.at_s) != sample:
                self._lasts[name, revision] = sample
                book.samples.append(sample)
        self._hold_to_limits(service, book, sum(c.healthy for c in counts.values()), len(live))

    def _hold_to_limits(self, service: Service, book: Book, healthy: int, live: int) -> None:
        limits = limits_of(service.desired_count, service.deployment_configuration)
        drawn = Limits(
            at_s=self.now_s, desired=service.desired_count, minimum=limits.lower, maximum=limits.upper
        )
        if not book.limits or msgspec.structs.replace(book.limits[-1], at_s=drawn.at_s) != drawn:
            book.limits.append(drawn)
        # Who asks for more tasks has fewer than the minimum for a while, and that is no breach.
        floor = min(limits.lower, max(self._floors.get(book.name, 0), healthy))
        ceiling = max(limits.upper, min(self._ceilings.get(book.name, live), live))
        self._floors[book.name], self._ceilings[book.name] = floor, ceiling
        self._breach(book, "minimum", floor, healthy, healthy < floor)
        self._breach(book, "maximum", ceiling, live, live > ceiling)

    def _breach(self, book: Book, limit: str, bound: int, count: int, broken: bool) -> None:
        running = next((b for b in book.breaches if b.limit == limit and b.ended_s is None), None)
        if running is not None and not broken:
            running.ended_s = self.now_s
        elif running is not None:
            running.worst = (min if limit == "minimum" else max)(running.worst, count)
        elif broken:
            book.breaches.append(Breach(limit=limit, bound=bound, at_s=self.now_s, worst=count))

    def _tell_events(self, service: Service) -> None:
        for event in reversed(service.events):
            if event.event_id not in self._told:
                self._told.add(event.event_id)
                self.say(self._shortened(event.message), service.service_name)
                self._note_shortage(service, event.message)

    def _note_shortage(self, service: Service, message: str) -> None:
        if "unable to place" not in message or "unable to place a task in " in message:
            return  # the second is said of rebalancing, when all tasks have their places
        state = self._world.store.state
        name = self._revision_name(service.revision_arn)
        wanted = self._stage.behaviours[f"{service.service_name}:{name}"]
        match, lacks = UNPLACED.search(message), ""
        for view in fleet_of(state, service.cluster_arn).instances if match else ():
            if match and short_name(view.instance.container_instance_arn) == match[1]:
                need = Reservation(cpu=wanted.cpu, memory=wanted.memory)
                lacks = ", ".join(
                    f"{what} {needed} wanted, {left} left"
                    for what, needed, left in (
                        ("CPU", need.cpu, view.remaining.cpu),
                        ("memory", need.memory, view.remaining.memory),
                    )
                    if needed > left
                )
                lacks = f"on {self._number(match[1])}: {lacks}" if lacks else ""
        shortage = Shortage(at_s=self.now_s, revision=name, event=self._shortened(message), lacks=lacks)
        self.books[service.service_name].shortages.append(shortage)

    def _note_end(self, task: Task, before: object) -> None:
        if not task.stopped or (isinstance(before, Task) and before.stopped):
            return
        if task.stop_code in ("EssentialContainerExited", "TaskFailedToStart") or not task.containers:
            codes = sorted({c.exit_code for c in task.containers if c.exit_code is not None})
            told = next((c.reason for c in task.containers if c.reason), None)
            why = f"{task.stopped_reason}" + (f" (exit code {codes[0]})" if codes else "")
            name = (task.group or "").removeprefix("service:")
            self._ends[name, f"{why} {told}" if told else why] += 1

    def _note_wait(self, task: Task, in_vain: bool) -> None:
        wait = Wait(
            at_s=self.now_s,
            revision=self._stage.revisions[task.task_definition_arn],
            provider=task.capacity_provider_name or "",
            waited_s=(self._world.clock.now_ms() - task.created_at) / 1000,
            in_vain=in_vain,
        )
        self.books[(task.group or "").removeprefix("service:")].waits.append(wait)

    def _shortened(self, message: str) -> str:
        """Ids that the reader knows, and no list of tasks that nobody reads."""
        message = message.removesuffix(SEE_ALSO)
        message = TASKS.sub("(...)", message)
        message = MACHINE.sub(lambda match: f"(instance {int(match[1], 16)})", message)
        message = TARGET_GROUP.sub(r"(target-group \1)", message)
        return LONG_ID.sub(
            lambda match: (
                f"task {match[2][:8]}" if match[1] == "task" else f"{match[1]} {self._number(match[2])}"
            ),
            message,
        )

    def _number(self, container_instance_id: str) -> str:
        return self._stage.numbers().get(container_instance_id, container_instance_id[:8])


def _told(sample: Sample) -> str:
    others = sample.running + sample.pending - sample.healthy
    if not sample.healthy and not others:
        return ""
    return f"{sample.revision} {sample.healthy}" + (f"+{others}" if others else "")
