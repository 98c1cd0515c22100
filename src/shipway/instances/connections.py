"""Links: the websockets of agents, one ACS and one TCS link an instance, and what both have in common.

A link is a reader and some writers under one task group: the first of them to end ends the link. An agent
that connects again before its old link is seen to be dead takes its place, and the old link's end then says
nothing about the agent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from shipway.instances.frames import FrameError, Incoming, decode, encode
from shipway.instances.settings import LinkSettings
from shipway.model.arn import short_name
from shipway.model.container_instance import ContainerInstance
from shipway.store import Reads, Store

log = logging.getLogger(__name__)

NORMAL = 1000
GOING_AWAY = 1001
TOO_BIG = 1009


class UpgradeRefused(Exception):
    """The link is not opened; the agent is told so by an HTTP error with this code as its one key."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class LinkEnded(Exception):
    """This side ends the link; the reason is for the log and the close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Link:
    """One open websocket."""

    def __init__(self, websocket: WebSocket, container_instance_arn: str, settings: LinkSettings) -> None:
        self.container_instance_arn = container_instance_arn
        self.settings = settings
        self._websocket = websocket
        self._ending: asyncio.Future[LinkEnded] = asyncio.get_running_loop().create_future()
        self.closed = asyncio.Event()

    async def send(self, kind: str, message: dict[str, Any]) -> None:
        await self._websocket.send_text(encode(kind, message))

    async def messages(self) -> AsyncIterator[Incoming | str]:
        """What the agent sends until it closes. A frame that cannot be read is logged and skipped."""
        while (text := await self._receive()) is not None:
            if len(text) > self.settings.frame_bytes_max:
                raise LinkEnded(TOO_BIG, f"a frame of {len(text)} characters is too long")
            try:
                message = decode(text)
            except FrameError as error:
                log.warning(
                    "%s sent a frame that cannot be read: %s", short_name(self.container_instance_arn), error
                )
                continue
            yield message

    async def _receive(self) -> str | None:
        """The next frame; None when the agent is gone. Frames may be text or binary."""
        event = await self._websocket.receive()
        if event["type"] != "websocket.receive":
            return None
        text = event.get("text")
        return text if text is not None else bytes(event.get("bytes") or b"").decode(errors="replace")

    def end(self, code: int, reason: str) -> None:
        """Asks the link to close, from outside its own tasks."""
        if not self._ending.done():
            self._ending.set_result(LinkEnded(code, reason))

    async def run(self, read: Callable[[], Any], *writers: Callable[[], Any]) -> LinkEnded:
        """Runs until one of them ends; says why. Never raises for a link that broke."""
        tasks = [asyncio.create_task(part()) for part in (read, *writers)]
        try:
            await asyncio.wait([*tasks, self._ending], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        if self._ending.done():
            return self._ending.result()
        return self._why(outcomes)

    def _why(self, outcomes: list[Any]) -> LinkEnded:
        for outcome in outcomes:
            if isinstance(outcome, LinkEnded):
                return outcome
            if isinstance(outcome, Exception) and not self._is_gone(outcome):
                log.error("A link of %s broke", short_name(self.container_instance_arn), exc_info=outcome)
                return LinkEnded(1011, "the control plane failed to serve this link")
        return LinkEnded(NORMAL, "the agent closed the link")

    def _is_gone(self, failure: Exception) -> bool:
        """Whether this is only how a send fails when the agent has just gone."""
        disconnected = WebSocketState.DISCONNECTED in (
            self._websocket.client_state,
            self._websocket.application_state,
        )
        return isinstance(failure, WebSocketDisconnect) or (
            isinstance(failure, RuntimeError) and disconnected
        )

    async def close(self, ended: LinkEnded) -> None:
        """Closes politely, but waits for a silent peer only so long."""
        try:
            if self._websocket.application_state is WebSocketState.CONNECTED:
                async with asyncio.timeout(self.settings.close_timeout_s):
                    await self._websocket.close(ended.code, str(ended))
        except (TimeoutError, RuntimeError, WebSocketDisconnect) as error:
            log.debug("%s did not close in order: %r", short_name(self.container_instance_arn), error)
        finally:
            self.closed.set()


class Links:
    """The open links of one kind, at most one an instance."""

    def __init__(self) -> None:
        self._open: dict[str, Link] = {}

    def opened(self, link: Link) -> None:
        before = self._open.get(link.container_instance_arn)
        if before is not None:
            before.end(NORMAL, "the agent connected again")
        self._open[link.container_instance_arn] = link

    def forget(self, link: Link) -> bool:
        """Whether the link was still its instance's own, not one that had been replaced."""
        if self._open.get(link.container_instance_arn) is not link:
            return False
        del self._open[link.container_instance_arn]
        return True

    def all(self) -> list[Link]:
        return [self._open[arn] for arn in sorted(self._open)]

    async def close_all(self) -> None:
        links = self.all()
        for link in links:
            link.end(GOING_AWAY, "the control plane is shutting down")
        for link in links:
            await link.closed.wait()


def connecting_instance(state: Reads, container_instance_arn: str, cluster: str) -> ContainerInstance:
    """The instance that asks for a link, or the refusal it gets."""
    instance = state.get(ContainerInstance, container_instance_arn)
    if instance is None:
        raise UpgradeRefused(
            "InvalidInstanceException",
            f"The container instance {container_instance_arn} is not known here. Register it first.",
        )
    if instance.status == "INACTIVE":
        raise UpgradeRefused(
            "InactiveInstanceException", f"The container instance {container_instance_arn} was deregistered."
        )
    if cluster and short_name(cluster) != short_name(instance.cluster_arn):
        raise UpgradeRefused(
            "InvalidClusterException",
            f"The container instance {container_instance_arn} is not in the cluster {short_name(cluster)}.",
        )
    return instance


async def refuse_upgrade(websocket: WebSocket, refusal: UpgradeRefused) -> None:
    if "websocket.http.response" in (websocket.scope.get("extensions") or {}):
        response = JSONResponse({refusal.code: str(refusal)}, status_code=refusal.status)
        await websocket.send_denial_response(response)
    else:
        await websocket.close(1008, str(refusal)[:120])


def set_connected(store: Store, container_instance_arn: str, connected: bool, now_ms: int) -> None:
    """The one writer of `agent_connected`. An instance that is gone, or already so, is left alone."""
    instance = store.state.get(ContainerInstance, container_instance_arn)
    if instance is None or instance.agent_connected == connected:
        return
    with store.transaction() as tx:
        disconnected_at = instance.disconnected_at if connected else now_ms
        tx.put(
            msgspec.structs.replace(
                instance,
                agent_connected=connected,
                disconnected_at=disconnected_at,
                version=instance.version + 1,
            )
        )
