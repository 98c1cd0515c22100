"""What the control plane's messages mean for the tasks of this instance."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from shipway.agent.acceptance import accept
from shipway.agent.task_loop import TaskLoop
from shipway.agent.task_memory import TaskMemory
from shipway.agent.task_state import PAUSE_NAME, STOPPED, TaskState, new_task
from shipway.agent.wire import RoleCredentials, TaskPayload
from shipway.seams import Clock, Ids

replace = msgspec.structs.replace
UNKNOWN_TASK = "TaskStateError: Agent could not progress task's state to stopped"
logger = logging.getLogger(__name__)


class Intake:
    def __init__(self, loop: TaskLoop, memory: TaskMemory, clock: Clock, ids: Ids, task_network: str) -> None:
        self._loop = loop
        self._memory = memory
        self._clock = clock
        self._ids = ids
        self._task_network = task_network

    async def take(self, raw_tasks: list[dict[str, Any]]) -> list[RoleCredentials]:
        """Take the tasks of a payload; done when they are safe on disk. Answers the credentials that
        came with them.
        """
        received: list[RoleCredentials] = []
        for raw in raw_tasks:
            accepted = accept(raw)
            self._take_one(accepted.payload, accepted.refusal or self._network_refusal(accepted.payload))
            payload = accepted.payload
            received += [c for c in (payload.role_credentials, payload.execution_role_credentials) if c]
        await self._memory.saved()
        return received

    def _network_refusal(self, payload: TaskPayload) -> str:
        if payload.network_mode != "awsvpc" or self._task_network or payload.desired_status == STOPPED:
            return ""
        return (
            "UnrecognizedTaskError: network mode awsvpc, and this container instance has no network for tasks"
        )

    def _take_one(self, payload: TaskPayload, refusal: str) -> None:
        known = self._loop.tasks.get(payload.arn)
        if known is not None and known.orphan and payload.containers and payload.desired_status != STOPPED:
            self._loop.put(self._adopted(known, payload))
        elif known is not None:
            self._told_again(known, payload)
        elif payload.arn in self._memory.registration.forgotten:
            self._loop.put(self._ended(TaskPayload(arn=payload.arn), ""))
        elif payload.desired_status == STOPPED:
            self._loop.put(self._ended(payload, UNKNOWN_TASK))
        elif refusal:
            logger.warning("task %s cannot run: %s", payload.arn, refusal)
            self._loop.put(self._ended(payload, refusal))
        else:
            self._loop.put(self._new(payload))

    def _new(self, payload: TaskPayload) -> TaskState:
        tokens = {container.name: self._ids.hex32() for container in payload.containers}
        tokens[PAUSE_NAME] = self._ids.hex32()
        order = max((task.order for task in self._loop.tasks.values()), default=0) + 1
        return new_task(payload, tokens, self._clock.now_ms(), order)

    def _adopted(self, known: TaskState, payload: TaskPayload) -> TaskState:
        """The payload of containers that were found without one: they go on, what is missing is started."""
        task = self._new(payload)
        for container in known.containers:
            state = task.container(container.name)
            if state:
                task = task.with_container(replace(container, token=state.token))
        return task

    def _told_again(self, known: TaskState, payload: TaskPayload) -> None:
        """A task that is known only takes the desired status, and fresher credentials."""
        task = known
        if payload.desired_status == STOPPED and known.desired_status != STOPPED:
            task = replace(task, desired_status=STOPPED)
        for member in ("role_credentials", "execution_role_credentials"):
            fresh = getattr(payload, member)
            if fresh:
                task = replace(task, payload=replace(task.payload, **{member: fresh}))
        self._loop.put(task)

    def _ended(self, payload: TaskPayload, reason: str) -> TaskState:
        task = self._new(payload)
        containers = tuple(
            replace(c, phase=STOPPED, reason=reason, removed=c.name == PAUSE_NAME) for c in task.containers
        )
        return replace(task, containers=containers, desired_status=STOPPED, reason=reason)

    def stop_candidates(self, manifest: dict[str, Any]) -> list[dict[str, str]]:
        """What runs here and is not in the manifest (or is there to be stopped)."""
        wanted = {entry["taskArn"]: entry.get("desiredStatus") for entry in manifest.get("tasks") or ()}
        candidates = []
        for task in sorted(self._loop.tasks.values(), key=lambda task: task.order):
            if (
                task.status != STOPPED
                and task.desired_status != STOPPED
                and wanted.get(task.arn) in (None, STOPPED)
            ):
                arn = task.payload.task_cluster_arn or str(manifest.get("clusterArn", ""))
                candidates.append({"taskArn": task.arn, "taskClusterArn": arn, "desiredStatus": STOPPED})
        return candidates

    def report_missing(self, manifest: dict[str, Any]) -> None:
        """Tasks that the control plane believes to be here, whose payload was taken and whose trace is
        gone.
        """
        for entry in manifest.get("tasks") or ():
            arn = entry["taskArn"]
            if arn in self._memory.registration.forgotten and arn not in self._loop.tasks:
                self._loop.put(self._ended(TaskPayload(arn=arn), ""))

    def stop(self, arns: list[str]) -> None:
        for arn in arns:
            task = self._loop.tasks.get(arn)
            if task and task.desired_status != STOPPED:
                self._loop.put(replace(task, desired_status=STOPPED))

    def renew(self, message: dict[str, Any]) -> RoleCredentials:
        """Fresh keys for a role of a task."""
        credentials = msgspec.convert(message["roleCredentials"], RoleCredentials)
        execution = message.get("roleType") == "TaskExecution"
        task = self._loop.tasks.get(str(message.get("taskArn")))
        if task:
            member = "execution_role_credentials" if execution else "role_credentials"
            self._loop.put(replace(task, payload=replace(task.payload, **{member: credentials})))
        return credentials
