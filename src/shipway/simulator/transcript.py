"""What happened, as text: one line for each change of the state that one would tell a colleague about, and
whatever else is said. Two runs of one seed have the same transcript.
"""

from __future__ import annotations

import hashlib

from shipway.model.arn import short_name
from shipway.model.container_instance import ContainerInstance
from shipway.model.record import Record
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.target import Target
from shipway.model.task import Task
from shipway.seams import Clock
from shipway.simulator.clock import Timed
from shipway.store import Change
from shipway.store.store import row_of


class Transcript:
    """`digest` covers every byte that was committed and its moment; the lines are for reading."""

    def __init__(self, clock: Clock, loop: Timed) -> None:
        self.lines: list[str] = []
        self._clock = clock
        self._loop = loop
        self._hash = hashlib.sha256()
        self._told: dict[tuple[str, str], str] = {}
        self._events: set[str] = set()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def say(self, what: str) -> None:
        self.lines.append(f"{self._loop.time():9.3f} {what}")

    def committed(self, changes: tuple[Change, ...]) -> None:
        self._hash.update(b"%d" % self._clock.now_ms())
        for change in changes:
            kind, key, body = row_of(change)
            self._hash.update(kind.encode() + key.encode() + (body or b"-"))
            self._tell(kind, key, change.after)

    def _tell(self, kind: str, key: str, record: Record | None) -> None:
        if isinstance(record, Service):
            for event in reversed(record.events):
                if event.event_id not in self._events:
                    self._events.add(event.event_id)
                    self.say(event.message)
        summary = "gone" if record is None else summary_of(record)
        if summary and self._told.get((kind, key), "") != summary:
            self._told[kind, key] = summary
            self.say(f"{kind} {short_name(key)}: {summary}")


def summary_of(record: Record) -> str:
    """The members by which one follows a story; nothing for kinds that tell none."""
    if isinstance(record, Task):
        place = short_name(record.container_instance_arn or "nowhere")[:8]
        ended = f", {record.stopped_reason}" if record.stopped else ""
        health = f" {record.health_status}" if record.has_health_check else ""
        return f"{record.last_status}{health}, wanted {record.desired_status}, on {place}{ended}"
    if isinstance(record, Service):
        primary = short_name(record.revision_arn)
        return f"{record.status}, {record.desired_count} wanted, revision {primary}"
    if isinstance(record, ServiceRevision):
        definition = short_name(record.task_definition_arn)
        return f"{record.rollout_state}, {record.desired_count} wanted, {definition}"
    if isinstance(record, ServiceDeployment):
        return f"{record.status}, {record.failure_count} failures"
    if isinstance(record, ContainerInstance):
        return f"{record.status}, {'connected' if record.agent_connected else 'disconnected'}"
    if isinstance(record, Target):
        return f"{record.state} {record.reason}".strip()
    return ""
