"""Sessions into containers: what Systems Manager's message service is at Amazon.

An agent that runs tasks with ECS Exec holds a control channel open. A session is told to it over that; then
agent and client each open a data channel of that session, and what one sends is carried to the other as it
is. A session's token is its whole credential: it is random, bound to one session, and good for a minute.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from shipway.instances.connections import UpgradeRefused, refuse_upgrade
from shipway.model.arn import short_name
from shipway.seams import Ids

log = logging.getLogger(__name__)

BEGIN_WITHIN_S = 60.0
SESSIONS_MAX = 500
FIRST_FRAME_CHARACTERS_MAX = 64 * 1024
NORMAL, POLICY = 1000, 1008
CLIENT, AGENT = "publish_subscribe", "subscribe"

Admit = Callable[[WebSocket], None]


class Session:
    """One session, and its two ends by their roles, as they come."""

    def __init__(self, session_id: str, token: str) -> None:
        self.session_id = session_id
        self.token = token
        self.ends: dict[str, WebSocket] = {}
        self.both = asyncio.Event()
        self.over = asyncio.Event()


class Sessions:
    def __init__(self, ids: Ids, endpoint_url: str, begin_within_s: float = BEGIN_WITHIN_S) -> None:
        self._ids = ids
        self._begin_within_s = begin_within_s
        self._endpoint = endpoint_url.replace("http", "ws", 1).rstrip("/")
        self._agents: dict[str, WebSocket] = {}
        self._sessions: dict[str, Session] = {}

    async def open(self, container_instance_arn: str, what: dict[str, Any]) -> dict[str, str] | None:
        """What the client needs to join; None when the agent holds no channel, or there are too many."""
        agent = self._agents.get(container_instance_arn)
        if agent is None or len(self._sessions) >= SESSIONS_MAX:
            return None
        session = Session(f"ecs-execute-command-{self._ids.hex32()}", self._ids.hex32() + self._ids.hex32())
        self._sessions[session.session_id] = session
        asyncio.get_running_loop().call_later(self._begin_within_s, self._forget_unless_begun, session)
        url = f"{self._endpoint}/v1/data-channel/{session.session_id}?role="
        told = {"streamUrl": url + AGENT, "tokenValue": session.token, **what}
        try:
            await agent.send_text(msgspec.json.encode(told).decode())
        except (RuntimeError, WebSocketDisconnect):
            self._sessions.pop(session.session_id, None)
            return None
        return {
            "sessionId": session.session_id,
            "streamUrl": url + CLIENT,
            "tokenValue": session.token,
        }

    def _forget_unless_begun(self, session: Session) -> None:
        if not session.both.is_set():
            self._sessions.pop(session.session_id, None)
            session.over.set()

    async def close_all(self) -> None:
        """What is carried ends; both ends see their channel closed."""
        for session in list(self._sessions.values()):
            session.over.set()
        for agent in list(self._agents.values()):
            await _close(agent)

    async def serve_control(self, websocket: WebSocket, admit: Admit) -> None:
        """One agent's channel, until it goes. The newest is the one that counts."""
        arn = websocket.query_params.get("containerInstanceArn", "")
        try:
            admit(websocket)
        except UpgradeRefused as refusal:
            await refuse_upgrade(websocket, refusal)
            return
        await websocket.accept()
        self._agents[arn] = websocket
        try:
            while (await websocket.receive())["type"] == "websocket.receive":
                continue
        finally:
            if self._agents.get(arn) is websocket:
                del self._agents[arn]
            log.info("%s holds no channel for sessions any more", short_name(arn))

    async def serve_data(self, websocket: WebSocket) -> None:
        """One end of a session: its token first, then everything goes to the other end."""
        session = self._sessions.get(websocket.path_params["session_id"])
        role = websocket.query_params.get("role", "")
        if session is None or role not in (CLIENT, AGENT) or role in session.ends:
            unknown = UpgradeRefused("InvalidSession", "There is no such session.", 403)
            await refuse_upgrade(websocket, unknown)
            return
        await websocket.accept()
        told = await _token(websocket)
        if not hmac.compare_digest(told.encode(), session.token.encode()) or role in session.ends:
            await websocket.close(POLICY, "The token is not this session's.")
            return
        session.ends[role] = websocket
        if len(session.ends) == 2:
            session.both.set()
        try:
            await self._carry(session, role)
        finally:
            session.over.set()
            self._sessions.pop(session.session_id, None)
            if websocket.application_state is WebSocketState.CONNECTED:
                await _close(websocket)

    async def _carry(self, session: Session, role: str) -> None:
        over = asyncio.create_task(session.over.wait())
        pump = asyncio.create_task(_pump(session, role))
        try:
            await asyncio.wait([over, pump], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (over, pump):
                task.cancel()
            for outcome in await asyncio.gather(over, pump, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(
                    outcome, RuntimeError | WebSocketDisconnect
                ):
                    log.error("Session %s broke", session.session_id, exc_info=outcome)


async def _pump(session: Session, role: str) -> None:
    """What one end sends, as it is, to the other; its end is the session's."""
    await session.both.wait()
    source, target = session.ends[role], session.ends[AGENT if role == CLIENT else CLIENT]
    while (event := await source.receive())["type"] == "websocket.receive":
        data = event.get("bytes")
        if data is not None:
            await target.send_bytes(data)
        else:
            await target.send_text(event.get("text") or "")


async def _token(websocket: WebSocket) -> str:
    """Of the first frame; empty when it is none, or does not come."""
    try:
        async with asyncio.timeout(BEGIN_WITHIN_S):
            text = await websocket.receive_text()
        if len(text) > FIRST_FRAME_CHARACTERS_MAX:
            return ""
        return str(msgspec.json.decode(text, type=dict[str, Any]).get("TokenValue") or "")
    except (TimeoutError, KeyError, msgspec.DecodeError, WebSocketDisconnect):
        return ""


async def _close(websocket: WebSocket) -> None:
    try:
        await websocket.close(NORMAL)
    except (RuntimeError, WebSocketDisconnect) as error:
        log.debug("a session's end did not close in order: %r", error)
