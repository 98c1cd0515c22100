"""An engine without Docker: containers are values and timers on the event loop. For tests and for
simulated fleets.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from shipway.agent.container_body import INSTANCE_LABEL
from shipway.agent.engine import (
    ALWAYS,
    LOCAL,
    EngineError,
    EngineEvent,
    Image,
    LogLine,
    Observed,
    Process,
    RegistryLogin,
)
from shipway.agent.simulated_program import Program, program_of
from shipway.agent.task_state import PAUSE_IMAGE, NetworkBinding
from shipway.seams import Clock, Ids

FIRST_DYNAMIC_PORT = 49153
MIB = 1048576


class _Simulated:
    """One container: the mutable thing behind the values that `observe` hands out."""

    def __init__(self, observed: Observed, name: str, body: dict[str, Any], program: Program) -> None:
        self.observed = observed
        self.name = name
        self.body = body
        self.program = program
        self.lines: list[LogLine] = []
        self.timer: asyncio.TimerHandle | None = None
        self.changed = asyncio.Condition()
        self.ended = asyncio.Event()


class SimulatedEngine:
    version = "simulated"
    api_version = "1.41"

    def __init__(
        self, instance_id: str, clock: Clock, ids: Ids, images: dict[str, str] | None = None
    ) -> None:
        self._instance_id = instance_id
        self._clock = clock
        self._ids = ids
        self.registry = dict(images or {})  # what can be pulled: image -> digest
        self.present: dict[str, str] = {PAUSE_IMAGE: ""}
        self.calls: list[str] = []
        self._containers: dict[str, _Simulated] = {}
        self._listeners: list[asyncio.Queue[str]] = []
        self._next_port = FIRST_DYNAMIC_PORT

    async def open(self) -> None:
        """Nothing to connect to."""

    async def execute(self, runtime_id: str, command: list[str]) -> Process:
        raise EngineError("A simulated container runs no programs.")

    async def close(self) -> None:
        for container in self._containers.values():
            if container.timer:
                container.timer.cancel()

    async def pull(self, image: str, login: RegistryLogin | None, policy: str) -> Image:
        self.calls.append(f"pull {image}")
        await asyncio.sleep(0)
        if (policy == ALWAYS or image not in self.present) and image != PAUSE_IMAGE:
            if policy == LOCAL or image not in self.registry:
                raise EngineError(
                    f"Error response from daemon: manifest for {image} not found: manifest unknown"
                )
            self.present[image] = self.registry[image]
        return Image(f"sha256:image-of-{image}", self.present[image])

    async def create(self, name: str, body: dict[str, Any]) -> str:
        self.calls.append(f"create {name}")
        await asyncio.sleep(0)
        if body["Image"] not in self.present:
            raise EngineError(f"Error response from daemon: No such image: {body['Image']}", missing=True)
        existing = [c for c in self._containers.values() if c.name == name]
        if existing:
            return existing[0].observed.runtime_id
        runtime_id = self._ids.hex32() + self._ids.hex32()
        command = [*(body.get("Entrypoint") or ()), *(body.get("Cmd") or ())]
        program = program_of(command) if command else Program()
        now = self._clock.now_ms()
        observed = Observed(
            runtime_id=runtime_id,
            status="created",
            labels=dict(body.get("Labels") or {}),
            created_at=now,
            image=str(body["Image"]),
            image_id=f"sha256:image-of-{body['Image']}",
        )
        self._containers[runtime_id] = _Simulated(observed, name, body, program)
        return runtime_id

    async def start(self, runtime_id: str) -> None:
        self.calls.append(f"start {runtime_id}")
        await asyncio.sleep(0)
        container = self._find(runtime_id)
        if container.observed.status == "running":
            return
        bindings = tuple(self._bind(container))
        await self._change(
            container,
            status="running",
            exit_code=None,
            oom_killed=False,
            started_at=self._clock.now_ms(),
            finished_at=0,
            bindings=bindings,
        )
        container.ended.clear()
        for line in container.program.lines:
            previous = container.lines[-1].timestamp_ns if container.lines else 0
            moment = max(self._clock.now_ms() * 1_000_000, previous + 1)
            container.lines.append(LogLine(moment, line))
        if container.program.runs_ms is not None:
            loop = asyncio.get_running_loop()
            seconds = container.program.runs_ms / 1000
            container.timer = loop.call_later(seconds, self._end, container, container.program.exit_code)

    def _bind(self, container: _Simulated) -> list[NetworkBinding]:
        found = []
        for port, published in sorted((container.body["HostConfig"].get("PortBindings") or {}).items()):
            number, _, protocol = port.partition("/")
            for entry in published:
                given = int(entry["HostPort"] or 0)
                self._next_port += 0 if given else 1
                found.append(
                    NetworkBinding(
                        bind_ip=entry["HostIp"],
                        container_port=int(number),
                        host_port=given or self._next_port,
                        protocol=protocol,
                    )
                )
        return found

    async def stop(self, runtime_id: str, timeout_s: int) -> None:
        self.calls.append(f"stop {runtime_id}")
        container = self._find(runtime_id)
        if container.observed.status != "running":
            return
        if container.program.on_term is not None:
            self._end(container, container.program.on_term)
            return
        try:
            await asyncio.wait_for(container.ended.wait(), timeout_s)
        except TimeoutError:
            self._end(container, 137)

    async def remove(self, runtime_id: str) -> None:
        self.calls.append(f"remove {runtime_id}")
        await asyncio.sleep(0)
        container = self._containers.get(runtime_id)
        if container:
            self._end(container, 137)
            del self._containers[runtime_id]
            self._announce(runtime_id)

    def kill(self, runtime_id: str, *, exit_code: int = 137, oom: bool = False) -> None:
        """A container's death from outside."""
        self._end(self._find(runtime_id), exit_code, oom=oom)

    def set_health(self, runtime_id: str, health: str) -> None:
        """What the container's health check says from now on."""
        container = self._find(runtime_id)
        container.observed = msgspec.structs.replace(container.observed, health=health)
        self._announce(runtime_id)

    async def observe(self, runtime_id: str = "") -> list[Observed]:
        await asyncio.sleep(0)
        if runtime_id:
            found = self._containers.get(runtime_id)
            return [found.observed] if found else []
        everyone = [container.observed for container in self._containers.values()]
        return [observed for observed in everyone if observed.labels.get(INSTANCE_LABEL) == self._instance_id]

    async def events(self) -> AsyncIterator[EngineEvent]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._listeners.append(queue)
        try:
            yield EngineEvent("")
            while True:
                yield EngineEvent(await queue.get())
        finally:
            self._listeners.remove(queue)

    async def logs(self, runtime_id: str, since_ns: int) -> AsyncIterator[LogLine]:
        container = self._containers.get(runtime_id)
        position = 0
        while container:
            for line in container.lines[position:]:
                if line.timestamp_ns > since_ns:
                    yield line
            position = len(container.lines)
            if container.observed.status != "running":
                return
            async with container.changed:
                await container.changed.wait()

    async def stats(self, runtime_id: str) -> dict[str, Any]:
        await asyncio.sleep(0)
        found = self._containers.get(runtime_id)
        if not found or found.observed.status != "running":
            return {}
        now_ms, program = self._clock.now_ms(), found.program
        busy_ms = (now_ms - found.observed.started_at) * program.cpu_percent / 100
        usage = {
            "cpu_usage": {"total_usage": round(busy_ms * 1_000_000)},
            "system_cpu_usage": now_ms * 1_000_000,
            "online_cpus": 1,
        }
        memory = {"usage": round(program.memory_mib * MIB), "stats": {}}
        return {"cpu_stats": usage, "memory_stats": memory, "networks": {}}

    def _find(self, runtime_id: str) -> _Simulated:
        if runtime_id not in self._containers:
            raise EngineError(f"Error response from daemon: No such container: {runtime_id}", missing=True)
        return self._containers[runtime_id]

    def _end(self, container: _Simulated, exit_code: int, *, oom: bool = False) -> None:
        if container.timer:
            container.timer.cancel()
        if container.observed.status != "running":
            return
        now = self._clock.now_ms()
        container.observed = msgspec.structs.replace(
            container.observed,
            status="exited",
            exit_code=exit_code,
            oom_killed=oom,
            finished_at=now,
            bindings=(),
        )
        container.ended.set()
        self._announce(container.observed.runtime_id)

    async def _change(self, container: _Simulated, **changes: Any) -> None:
        container.observed = msgspec.structs.replace(container.observed, **changes)
        self._announce(container.observed.runtime_id)

    def _announce(self, runtime_id: str) -> None:
        container = self._containers.get(runtime_id)
        if container:
            asyncio.get_running_loop().create_task(_notify(container.changed))
        for queue in self._listeners:
            queue.put_nowait(runtime_id)


async def _notify(condition: asyncio.Condition) -> None:
    async with condition:
        condition.notify_all()
