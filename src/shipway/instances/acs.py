"""The ACS link: tells an agent which tasks to run and to stop, and hears that it was told.

Three tasks serve a link. The reader takes acknowledgments. The deliverer sends every waiting message of the
outbox once a connection, in order, and then the manifest; afterwards it sleeps until the store says "look".
The heart beats, and ends a link whose agent stopped answering. What is un-acknowledged when a link ends stays
in the outbox for the next one, so the link itself keeps nothing that matters. Nothing is sent that is not on
disk.
"""

from __future__ import annotations

import asyncio
import logging

from shipway.instances.connections import NORMAL, Link, LinkEnded
from shipway.instances.control_plane import ControlPlane
from shipway.instances.credentials import credentials_message, task_roles
from shipway.instances.frames import (
    AckRequest,
    HeartbeatAckRequest,
    Incoming,
    NackRequest,
    TaskStopVerificationMessage,
)
from shipway.instances.manifest import confirmed_stops, manifest
from shipway.instances.outbox import (
    acknowledge,
    discard,
    fail_to_start,
    is_obsolete,
    payload_message,
    take_number,
    waiting,
    wire_desired_status,
)
from shipway.instances.payload import compile_task
from shipway.instances.service_names import service_names_of
from shipway.instances.support import RefusedError, refusals
from shipway.model.arn import Place, short_name
from shipway.model.container_instance import ContainerInstance
from shipway.model.outbox import OutboxMessage
from shipway.model.record import Document
from shipway.model.task import Task
from shipway.store.definitions import definition_of

log = logging.getLogger(__name__)


class AcsSession:
    """What one ACS link is doing. It ends with the link."""

    def __init__(self, link: Link, control_plane: ControlPlane, answers_heartbeats: bool) -> None:
        self._link = link
        self._control_plane = control_plane
        self._store = control_plane.store
        self._arn = link.container_instance_arn
        self._answers_heartbeats = answers_heartbeats
        self._sent: set[str] = set()
        self._look = asyncio.Event()
        self._missed_heartbeats = 0
        self._manifest_id: str | None = None

    def look(self) -> None:
        """Something was committed.

        Idle links are not woken: a fleet's commits would wake them all, all the time.
        """
        state = self._store.state
        instance = state.get(ContainerInstance, self._arn)
        is_gone = instance is None or instance.status == "INACTIVE"
        if is_gone or state.count_by(OutboxMessage, "container_instance_arn", self._arn):
            self._look.set()

    async def run(self, send_credentials: bool) -> LinkEnded:
        writers = [self._deliver, self._beat]
        writers.append(self._refresh_now_and_then if send_credentials else self._refresh_credentials)
        return await self._link.run(self._read, *writers)

    async def _read(self) -> None:
        async for message in self._link.messages():
            await self._hear(message)

    async def _hear(self, message: Incoming | str) -> None:
        if isinstance(message, AckRequest):
            acknowledge(self._store, self._arn, message.message_id)
        elif isinstance(message, HeartbeatAckRequest):
            self._missed_heartbeats = 0
        elif isinstance(message, TaskStopVerificationMessage):
            await self._verify_stops(message)
        elif isinstance(message, NackRequest):
            log.warning(
                "%s refused message %s: %s", short_name(self._arn), message.message_id, message.reason
            )

    async def _verify_stops(self, message: TaskStopVerificationMessage) -> None:
        if message.message_id != self._manifest_id:
            return  # an answer to an earlier connection's manifest
        stops = confirmed_stops(self._store.state, self._arn, message.stop_candidates or ())
        await self._link.send(
            "TaskStopVerificationAck",
            {
                "messageId": message.message_id,
                "generatedAt": self._control_plane.clock.now_ms(),
                "stopTasks": stops,
            },
        )

    async def _deliver(self) -> None:
        await self._deliver_waiting()
        await self._send_manifest()
        while True:
            await self._look.wait()
            self._look.clear()
            await self._deliver_waiting()
            instance = self._store.state.get(ContainerInstance, self._arn)
            if instance is None or instance.status == "INACTIVE":
                raise LinkEnded(NORMAL, "the container instance was deregistered")

    async def _deliver_waiting(self) -> None:
        outbox = waiting(self._store.state, self._arn)
        messages = [message for message in outbox if message.message_id not in self._sent]
        self._sent.intersection_update(message.message_id for message in outbox)
        if not messages:
            return
        await self._store.durable()
        for message in messages:
            self._sent.add(message.message_id)
            await self._send_payload(message)

    async def _send_payload(self, message: OutboxMessage) -> None:
        current = self._store.state.get(OutboxMessage, message.message_id)
        instance = self._store.state.get(ContainerInstance, self._arn)
        if current is None or instance is None:
            return  # acknowledged by a state report while it waited for its turn
        task = self._store.state.get(Task, message.task_arn)
        if is_obsolete(message, task):
            discard(self._store, message)
            return
        now_ms = self._control_plane.clock.now_ms()
        try:
            payload = self._compile(message.task_arn, task, instance)
        except RefusedError as refused:
            fail_to_start(self._store, message, f"{refused}.", now_ms)
            return
        except (LookupError, TypeError, ValueError) as error:
            reason = f"The task could not be compiled for the agent: {error}"
            log.exception("Task %s could not be compiled", message.task_arn)
            fail_to_start(self._store, message, reason, now_ms)
            return
        await self._link.send("PayloadMessage", payload_message(message, instance, payload, now_ms))

    def _compile(self, task_arn: str, task: Task | None, instance: ContainerInstance) -> Document:
        if task is None or wire_desired_status(task) == "STOPPED":
            return {"arn": task_arn, "desiredStatus": "STOPPED"}
        definition = definition_of(self._store.state, task.task_definition_arn)
        if definition is None:
            raise LookupError(f"the task definition {short_name(task.task_definition_arn)} is gone")
        refused = refusals(definition, task.overrides)
        if refused:
            raise RefusedError(". ".join(refused))
        settings = self._control_plane.settings.payload
        names = service_names_of(self._store.state, task, Place(settings.account_id, settings.region))
        payload = compile_task(task, definition, instance, settings, names)
        for role in task_roles(task, definition, settings.account_id):
            credentials = self._control_plane.credentials_for(task, role)
            if credentials is not None:
                payload[role.payload_member] = credentials
        return payload

    async def _send_manifest(self) -> None:
        if self._store.state.get(ContainerInstance, self._arn) is None:
            return  # the next look ends the link
        with self._store.transaction() as tx:
            number = take_number(tx, self._arn)
        await self._store.durable()
        instance = self._store.state.get(ContainerInstance, self._arn)
        if instance is None:
            return
        self._manifest_id = self._control_plane.ids.uuid()
        now_ms = self._control_plane.clock.now_ms()
        message = manifest(self._store.state, instance, self._manifest_id, number, now_ms)
        await self._link.send("TaskManifestMessage", message)

    async def _beat(self) -> None:
        while True:
            if (
                self._missed_heartbeats >= self._link.settings.missed_heartbeats_max
                and self._answers_heartbeats
            ):
                raise LinkEnded(NORMAL, f"{self._missed_heartbeats} heartbeats were not answered")
            self._missed_heartbeats += 1
            await self._link.send(
                "HeartbeatMessage", {"messageId": self._control_plane.ids.uuid(), "healthy": True}
            )
            await asyncio.sleep(self._link.settings.heartbeat_s)

    async def _refresh_now_and_then(self) -> None:
        await self._push_credentials()
        await self._refresh_credentials()

    async def _refresh_credentials(self) -> None:
        while True:
            await asyncio.sleep(self._link.settings.credentials_period_s)
            await self._push_credentials()

    async def _push_credentials(self) -> None:
        """Fresh keys for every task the agent has; one whose payload still waits gets its keys with that."""
        unsent = {message.task_arn for message in waiting(self._store.state, self._arn)}
        for task in self._store.state.by(Task, "container_instance_arn", self._arn):
            definition = definition_of(self._store.state, task.task_definition_arn)
            if task.stopped or task.task_arn in unsent or definition is None:
                continue
            for role in task_roles(task, definition, self._control_plane.settings.payload.account_id):
                credentials = self._control_plane.credentials_for(task, role)
                if credentials is not None:
                    message_id = self._control_plane.ids.uuid()
                    message = credentials_message(task, role, credentials, message_id)
                    await self._link.send("IAMRoleCredentialsMessage", message)
