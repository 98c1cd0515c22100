"""The channel over which an agent hears of sessions into its containers; open once a task may have some."""

from __future__ import annotations

import asyncio
import logging
import shlex
from collections.abc import Callable, Mapping

import aiohttp
import msgspec

from shipway.agent.control_plane import ControlPlane, Unreachable
from shipway.agent.engine import EngineError, Process, Terminals
from shipway.agent.exec_session import ExecSession
from shipway.agent.port_process import connected
from shipway.agent.session import FRAME_BYTES_MAX, Connection, connect, keep_connected
from shipway.agent.task_state import RUNNING, ContainerState, TaskState
from shipway.seams import Clock, Ids

logger = logging.getLogger(__name__)


class Told(msgspec.Struct, frozen=True, rename="camel"):
    """What the control plane says of a session."""

    stream_url: str
    token_value: str
    task_arn: str
    container_name: str
    command: str = ""
    port: int = 0  # to connect to, where there is no command


def wants_sessions(task: TaskState) -> bool:
    return any(spec.managed_agents for spec in task.payload.containers)


class ExecChannel:
    def __init__(
        self,
        control_plane: ControlPlane,
        tasks: Mapping[str, TaskState],
        terminals: Terminals,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._control_plane = control_plane
        self._tasks = tasks
        self._terminals = terminals
        self._clock = clock
        self._ids = ids
        self.wanted = asyncio.Event()

    async def run(self, endpoint: str, instance_arn: Callable[[], str]) -> None:
        await self.wanted.wait()

        async def nothing_to_mend() -> None:
            return

        async with asyncio.TaskGroup() as group:  # a session may outlive the channel that told of it

            async def once() -> None:
                query = {"containerInstanceArn": instance_arn()}
                opened = await connect(self._control_plane, endpoint, query, "/v1/control-channel")
                async with opened as connection:
                    await self._serve(connection, group)

            await keep_connected("sessions", once, nothing_to_mend)

    async def _serve(self, connection: Connection, group: asyncio.TaskGroup) -> None:
        async for frame in connection:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            try:
                told = msgspec.json.decode(frame.data, type=Told)
            except msgspec.MsgspecError as error:
                logger.warning("a session was not understood: %s", error)
                continue
            group.create_task(self._one(told))

    async def _one(self, told: Told) -> None:
        """Whatever goes wrong ends this session alone."""
        try:
            async with self._control_plane.session.ws_connect(
                told.stream_url, max_msg_size=FRAME_BYTES_MAX, compress=0
            ) as connection:
                await connection.send_str(
                    msgspec.json.encode(
                        {"MessageSchemaVersion": "1.0", "TokenValue": told.token_value}
                    ).decode()
                )
                session = ExecSession(connection, self._clock, self._ids, told.port)
                await self._serve_session(session, told)
        except (aiohttp.ClientError, TimeoutError, ConnectionError, Unreachable) as error:
            logger.info("a session into %s ended early: %r", told.container_name, error)
        except Exception:
            logger.exception("a session into %s broke", told.container_name)

    async def _serve_session(self, session: ExecSession, told: Told) -> None:
        reading = await session.shake_hands()
        try:
            process = await self._process(told)
        except EngineError as error:
            await session.refuse(f"{error.message}\n", reading)
            return
        except BaseException:
            reading.cancel()
            raise
        await session.run(process, reading)

    async def _process(self, told: Told) -> Process:
        task, container = self._place(told)
        if told.port:
            return await connected(task, container, told.port)
        return await self._terminals.execute(container.runtime_id, _words(told.command))

    def _place(self, told: Told) -> tuple[TaskState, ContainerState]:
        task = self._tasks.get(told.task_arn)
        container = task.container(told.container_name) if task else None
        if task is None or container is None or container.phase != RUNNING:
            raise EngineError(f"The container {told.container_name} does not run any more.")
        return task, container


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise EngineError(f"The command cannot be read: {error}.") from error
    if not words:
        raise EngineError("The command is empty.")
    return words
