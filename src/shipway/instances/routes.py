"""The room's door: `/ws`, where agents open their two links, told apart by their query."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from shipway.instances.acs import AcsSession
from shipway.instances.connections import (
    Link,
    LinkEnded,
    Links,
    UpgradeRefused,
    connecting_instance,
    refuse_upgrade,
    set_connected,
)
from shipway.instances.control_plane import ControlPlane
from shipway.instances.credentials import CredentialsFor
from shipway.instances.sessions import Sessions
from shipway.instances.settings import InstancesSettings
from shipway.instances.tcs import TcsSession
from shipway.instances.telemetry import Telemetry
from shipway.model.arn import short_name
from shipway.model.container_instance import ContainerInstance
from shipway.model.outbox import OutboxMessage
from shipway.seams import Clock, Ids
from shipway.store import Change, Store

log = logging.getLogger(__name__)

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
BROKEN = LinkEnded(1011, "the control plane failed to serve this link")

Verify = Callable[[str, str, str, Sequence[tuple[bytes, bytes]], str], object]
"""`verify(method, path, query, headers, body_sha256)` raises for a request that is not signed well."""


class Instances:
    """The links of all container instances.

    `start` before the first request, `stop` before the server ends.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ids: Ids,
        settings: InstancesSettings,
        verify: Verify,
        credentials_for: CredentialsFor,
    ) -> None:
        self.control_plane = ControlPlane(store, clock, ids, settings, credentials_for)
        self.telemetry = Telemetry()
        self.sessions = Sessions(ids, settings.payload.endpoint_url)
        self.acs = Links()
        self.tcs = Links()
        self._verify = verify
        self._sessions: dict[str, AcsSession] = {}
        self._unsubscribe: Callable[[], None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """No link has survived a restart, whatever the state remembers."""
        store = self.control_plane.store
        for instance in store.state.all(ContainerInstance):
            set_connected(store, instance.container_instance_arn, False, self.control_plane.clock.now_ms())
        self._unsubscribe = store.subscribe(self._look)

    async def stop(self) -> None:
        self._stopping = True
        await self.acs.close_all()
        await self.tcs.close_all()
        await self.sessions.close_all()
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    async def serve(self, websocket: WebSocket) -> None:
        """One websocket from its upgrade to its end."""
        query = websocket.query_params
        is_acs = "containerInstanceArn" in query
        arn = query.get("containerInstanceArn" if is_acs else "containerInstance", "")
        try:
            self._admit(websocket)
            cluster = query.get("clusterArn" if is_acs else "cluster", "")
            instance = connecting_instance(self.control_plane.store.state, arn, cluster)
        except UpgradeRefused as refusal:
            log.info("A link of %s was refused: %s", short_name(arn) or "nobody", refusal)
            await refuse_upgrade(websocket, refusal)
            return
        try:
            await websocket.accept()
        except (OSError, WebSocketDisconnect):
            log.info("%s hung up before its link was open", short_name(arn))
            return
        link = Link(websocket, instance.container_instance_arn, self.control_plane.settings.link)
        await (self._serve_acs(link, websocket) if is_acs else self._serve_tcs(link))

    async def serve_control(self, websocket: WebSocket) -> None:
        await self.sessions.serve_control(websocket, self._admit)

    def _admit(self, websocket: WebSocket) -> None:
        if self._stopping:
            raise UpgradeRefused("ServerException", "The control plane is shutting down.", 503)
        scope = websocket.scope
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        try:
            self._verify("GET", path, query, scope["headers"], EMPTY_SHA256)
        except Exception as error:
            raise UpgradeRefused("AccessDeniedException", str(error), 403) from error

    async def _serve_acs(self, link: Link, websocket: WebSocket) -> None:
        query = websocket.query_params
        version = query.get("protocolVersion", "1")
        session = AcsSession(link, self.control_plane, version.isdigit() and int(version) >= 2)
        arn, store, clock = link.container_instance_arn, self.control_plane.store, self.control_plane.clock
        self.acs.opened(link)
        self._sessions[arn] = session
        ended = BROKEN
        try:
            set_connected(store, arn, True, clock.now_ms())
            log.info("%s connected", short_name(arn))
            ended = await session.run(query.get("sendCredentials") == "true")
        finally:
            if self.acs.forget(link):
                del self._sessions[arn]
                set_connected(store, arn, False, clock.now_ms())
                log.info("%s disconnected: %s", short_name(arn), ended)
            await link.close(ended)

    async def _serve_tcs(self, link: Link) -> None:
        self.tcs.opened(link)
        ended = BROKEN
        try:
            ended = await TcsSession(link, self.control_plane, self.telemetry).run()
        finally:
            if self.tcs.forget(link):
                self.telemetry.forget(link.container_instance_arn)
            await link.close(ended)

    def _look(self, changes: tuple[Change, ...]) -> None:
        """Only whose instance or outbox has changed looks: a commit must not wake a whole fleet."""
        for change in changes:
            record = change.after or change.before
            if isinstance(record, ContainerInstance | OutboxMessage):
                session = self._sessions.get(record.container_instance_arn)
                if session is not None:
                    session.look()


def routes(instances: Instances) -> list[BaseRoute]:
    """For the front door: one path serves both links, as one endpoint does at Amazon; and sessions'."""
    return [
        WebSocketRoute("/ws", instances.serve),
        WebSocketRoute("/v1/control-channel", instances.serve_control),
        WebSocketRoute("/v1/data-channel/{session_id}", instances.sessions.serve_data),
    ]
