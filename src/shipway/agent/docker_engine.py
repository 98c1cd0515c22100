"""The engine over Docker's HTTP API."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from shipway.agent.container_body import INSTANCE_LABEL, VOLUMES_LABEL
from shipway.agent.docker_connection import DockerConnection
from shipway.agent.docker_exec import execute
from shipway.agent.docker_images import DockerImages
from shipway.agent.docker_logs import log_lines, timestamp_ns
from shipway.agent.engine import EngineError, EngineEvent, Image, LogLine, Observed, Process, RegistryLogin
from shipway.agent.task_state import NetworkBinding

EVENTS = ["start", "die", "destroy", "health_status"]
HEALTH = {"healthy": "HEALTHY", "unhealthy": "UNHEALTHY"}
NS_PER_MS = 1_000_000


class DockerEngine:
    def __init__(self, instance_id: str) -> None:
        self._instance_id = instance_id
        self._connection = DockerConnection()
        self._images = DockerImages(self._connection)
        self._terminals: dict[str, bool] = {}  # whether a container has one: its log stream is unframed then

    async def open(self) -> None:
        await self._connection.open()

    async def close(self) -> None:
        await self._connection.close()

    @property
    def version(self) -> str:
        return str(self._connection.versions.get("Version", ""))

    @property
    def api_version(self) -> str:
        return str(self._connection.versions.get("ApiVersion", ""))

    async def execute(self, runtime_id: str, command: list[str]) -> Process:
        return await execute(runtime_id, command)

    async def pull(self, image: str, login: RegistryLogin | None, policy: str) -> Image:
        return await self._images.make_present(image, login, policy)

    async def create(self, name: str, body: dict[str, Any]) -> str:
        try:
            answer = await self._connection.json(
                "POST", "/containers/create", query={"name": name}, body=body
            )
        except EngineError as error:
            if "is already in use by container" not in error.message:
                raise
            return await self._existing(name, error)
        return str(answer["Id"])

    async def _existing(self, name: str, error: EngineError) -> str:
        found = await self.observe(name)
        if not found or found[0].labels.get(INSTANCE_LABEL) != self._instance_id:
            raise error
        return found[0].runtime_id

    async def start(self, runtime_id: str) -> None:
        await self._connection.json("POST", f"/containers/{runtime_id}/start")

    async def stop(self, runtime_id: str, timeout_s: int) -> None:
        try:
            await self._connection.json("POST", f"/containers/{runtime_id}/stop", query={"t": str(timeout_s)})
        except EngineError as error:
            if not error.missing:
                raise

    async def remove(self, runtime_id: str) -> None:
        found = await self.observe(runtime_id)
        self._terminals.pop(runtime_id, None)
        try:
            await self._connection.json("DELETE", f"/containers/{runtime_id}", query={"force": "1", "v": "1"})
        except EngineError as error:
            if not error.missing:
                raise
        for volume in found[0].labels.get(VOLUMES_LABEL, "").split(",") if found else ():
            if volume:
                await self._remove_volume(volume)

    async def _remove_volume(self, name: str) -> None:
        try:
            await self._connection.json("DELETE", f"/volumes/{name}")
        except EngineError as error:
            if not error.missing and "in use" not in error.message:
                raise

    async def observe(self, runtime_id: str = "") -> list[Observed]:
        if runtime_id:
            found = await self._inspect(runtime_id)
            return [found] if found else []
        filters = msgspec.json.encode({"label": [f"{INSTANCE_LABEL}={self._instance_id}"]}).decode()
        listed = await self._connection.json(
            "GET", "/containers/json", query={"all": "1", "filters": filters}
        )
        inspected = await asyncio.gather(*(self._inspect(str(entry["Id"])) for entry in listed))
        return [found for found in inspected if found]

    async def _inspect(self, runtime_id: str) -> Observed | None:
        try:
            answer = await self._connection.json("GET", f"/containers/{runtime_id}/json")
        except EngineError as error:
            if error.missing:
                return None
            raise
        self._terminals[str(answer["Id"])] = bool(answer["Config"].get("Tty"))
        return observed(answer)

    async def events(self) -> AsyncIterator[EngineEvent]:
        filters = {"type": ["container"], "event": EVENTS, "label": [f"{INSTANCE_LABEL}={self._instance_id}"]}
        # From a moment before the call: nothing falls between the subscription and the first look.
        query = {"filters": msgspec.json.encode(filters).decode(), "since": str(int(time.time()) - 1)}
        async with self._connection.stream("GET", "/events", query=query) as response:
            yield EngineEvent("")
            async for line in response.content:
                yield EngineEvent(str(msgspec.json.decode(line)["Actor"]["ID"]))

    async def logs(self, runtime_id: str, since_ns: int) -> AsyncIterator[LogLine]:
        query = {"follow": "1", "stdout": "1", "stderr": "1", "timestamps": "1"}
        if since_ns:
            query["since"] = f"{since_ns // 1_000_000_000}.{since_ns % 1_000_000_000:09d}"
        if runtime_id not in self._terminals:
            await self._inspect(runtime_id)
        try:
            async with self._connection.stream(
                "GET", f"/containers/{runtime_id}/logs", query=query
            ) as response:
                async for line in log_lines(response, self._terminals.get(runtime_id, False)):
                    if line.timestamp_ns > since_ns:
                        yield line
        except EngineError as error:
            if not error.missing:
                raise

    async def stats(self, runtime_id: str) -> dict[str, Any]:
        query = {"stream": "0", "one-shot": "1"}
        try:
            answer = await self._connection.json("GET", f"/containers/{runtime_id}/stats", query=query)
        except EngineError as error:
            if error.missing:
                return {}
            raise
        return dict(answer)


def observed(answer: dict[str, Any]) -> Observed:
    """Docker's inspect answer in the agent's terms."""
    state, networks = answer["State"], answer["NetworkSettings"]
    status = str(state["Status"])
    ended = status in ("exited", "dead")
    return Observed(
        runtime_id=str(answer["Id"]),
        status="exited" if ended else "created" if status == "created" else "running",
        labels=answer["Config"].get("Labels") or {},
        exit_code=int(state["ExitCode"]) if ended else None,
        oom_killed=bool(state.get("OOMKilled")),
        error=str(state.get("Error") or ""),
        health=HEALTH.get(str((state.get("Health") or {}).get("Status")), "UNKNOWN"),
        created_at=timestamp_ns(str(answer.get("Created") or "")) // NS_PER_MS,
        started_at=timestamp_ns(str(state.get("StartedAt") or "")) // NS_PER_MS,
        finished_at=timestamp_ns(str(state.get("FinishedAt") or "")) // NS_PER_MS,
        image=str(answer["Config"].get("Image") or ""),
        image_id=str(answer.get("Image") or ""),
        addresses=tuple(
            (name, str(network["IPAddress"]))
            for name, network in sorted((networks.get("Networks") or {}).items())
            if network.get("IPAddress")
        ),
        bindings=_bindings(networks.get("Ports") or {}),
    )


def _bindings(ports: dict[str, list[dict[str, str]] | None]) -> tuple[NetworkBinding, ...]:
    found = []
    for port, published in sorted(ports.items()):
        number, _, protocol = port.partition("/")
        for entry in published or ():
            found.append(
                NetworkBinding(
                    bind_ip=entry["HostIp"],
                    container_port=int(number),
                    host_port=int(entry["HostPort"]),
                    protocol=protocol or "tcp",
                )
            )
    return tuple(found)
