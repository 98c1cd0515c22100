"""The HTTP server behind the metadata and credentials addresses of one instance's containers. Loopback
only.

A container is known by the unguessable word in its path, `PORT-WORD`; PORT is this server's own and
tells the link-local proxy which instance is meant.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from aiohttp import web

from shipway.agent.container_body import InstanceFacts
from shipway.agent.engine import EngineError, Gauge
from shipway.agent.metadata import Place, container_document, credentials_document, task_document
from shipway.agent.task_state import ContainerState, TaskState

logger = logging.getLogger(__name__)
NO_CONTAINER = "unable to get container ID from request: unable to get docker ID"
NO_TASK = "unable to get task arn from request: unable to get task Arn"
Found = tuple[TaskState, ContainerState]


class MetadataServer:
    def __init__(
        self, tasks: Callable[[], Iterable[TaskState]], gauge: Gauge, availability_zone: str
    ) -> None:
        self._tasks = tasks
        self._gauge = gauge
        self._place = Place(availability_zone)
        self._facts = InstanceFacts(cluster="", instance_id="")
        self._runner: web.AppRunner | None = None

    async def start(self, port: int) -> int:
        """Listen on loopback; answers the port, which is another one when the wanted one is taken."""
        application = web.Application()
        application.router.add_get("/v2/credentials/{id:.*}", self._credentials)
        application.router.add_get("/v2/credentials", self._credentials)
        for version in (3, 4):
            application.router.add_get(f"/v{version}/{{token}}", self._container)
            application.router.add_get(f"/v{version}/{{token}}/task", self._task)
            application.router.add_get(f"/v{version}/{{token}}/taskWithTags", self._task)
            application.router.add_get(f"/v{version}/{{token}}/stats", self._stats)
            application.router.add_get(f"/v{version}/{{token}}/task/stats", self._task_stats)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", port).start()
        except OSError as error:
            logger.warning("metadata port %d cannot be had, another one is taken: %s", port, error)
            await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return int(self._runner.addresses[0][1])

    def describe(self, facts: InstanceFacts) -> None:
        self._facts = facts

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    def _find(self, request: web.Request) -> Found | None:
        token = request.match_info["token"].partition("-")[2]
        for task in self._tasks():
            for container in task.containers:
                if token and container.token == token:
                    return task, container
        return None

    async def _container(self, request: web.Request) -> web.Response:
        found = self._find(request)
        if found is None:
            return _unknown(
                request,
                f"container metadata handler: {NO_CONTAINER}",
            )
        return _json(container_document(*found, self._facts, _version(request)))

    async def _task(self, request: web.Request) -> web.Response:
        found = self._find(request)
        if found is None:
            return _unknown(request, f"task metadata handler: {NO_TASK}")
        return _json(task_document(found[0], self._facts, self._place, _version(request)))

    async def _stats(self, request: web.Request) -> web.Response:
        found = self._find(request)
        if found is None:
            return _unknown(
                request,
                f"container stats handler: {NO_CONTAINER}",
            )
        return _json(await self._measured(found[1]))

    async def _task_stats(self, request: web.Request) -> web.Response:
        found = self._find(request)
        if found is None:
            return _unknown(request, f"task stats handler: {NO_TASK}")
        containers = [container for container in found[0].normal if container.runtime_id]
        return _json({container.runtime_id: await self._measured(container) for container in containers})

    async def _measured(self, container: ContainerState) -> dict[str, Any] | None:
        try:
            return await self._gauge.stats(container.runtime_id) or None
        except EngineError:
            return None

    async def _credentials(self, request: web.Request) -> web.Response:
        given = request.match_info.get("id", "")
        if not given:
            return _refusal("NoIdInRequest", "CredentialsV2Request: No Credential ID in the request")
        credentials_id = given.partition("-")[2] if given.partition("-")[0].isdigit() else given
        for task in self._tasks():
            for wanted in (credentials_id, given):
                document = credentials_document(task, wanted)
                if document:
                    return _json(document)
        return _refusal("InvalidIdInRequest", "CredentialsV2Request: Credentials not found")


def _version(request: web.Request) -> int:
    return int(request.path[2])


def _json(document: Any, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(document), status=status, content_type="application/json")


def _unknown(request: web.Request, text: str) -> web.Response:
    endpoint = request.match_info["token"]
    return _json(f"V{_version(request)} {text} from v3 endpoint ID: {endpoint}", 404)


def _refusal(code: str, message: str) -> web.Response:
    return _json({"code": code, "message": message, "HTTPErrorCode": 400}, 400)
