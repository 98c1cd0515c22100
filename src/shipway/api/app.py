"""The front door's ASGI application: one address for every AWS service, and for the agents' websockets.

A request is read (bounded), its signature is checked, and then it goes where its credential scope says: ECS,
ECR, CloudWatch Logs and Systems Manager's sessions by `X-Amz-Target`, Elastic Load Balancing by `Action`,
everything else to `elsewhere`.
This path is plain ASGI, because it is the one that must be quick. Websockets and `/_shipway/...` are
Starlette routes of whoever starts the front door. The latter are signed like all the rest, but for the health
check; a websocket's route verifies for itself.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import Any, cast

import msgspec
from starlette.routing import BaseRoute, Router

from shipway.api.auto_scaling import SERVICE as AUTO_SCALING
from shipway.api.auto_scaling import bind_services
from shipway.api.call import Settings
from shipway.api.dispatch import Context, Dispatcher, Wire
from shipway.api.elsewhere import ACTION, Elsewhere, may_change
from shipway.api.monitoring import publish
from shipway.api.protocol import json as json_wire
from shipway.api.protocol import query as query_wire
from shipway.api.refusals import refusal
from shipway.api.request_body import BodyTooLargeError, ClientGoneError, read_body, replay
from shipway.api.shapes import service_shapes
from shipway.api.signature import EMPTY_SHA256, Identity, SignatureError, Verifier
from shipway.seams import Clock
from shipway.store import Store
from shipway.store.metrics import Metrics

log = logging.getLogger("shipway.api")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

OURS = {"ecs": "ecs", "ecr": "ecr", "logs": "logs", "elasticloadbalancing": "elbv2"}
"""Signing names to botocore's names of the services that are written here."""

SESSIONS = "ssm", b"AmazonSSM.StartSession"
"""The one operation that is written here of a service that is otherwise elsewhere."""

BODY_BYTES_MAX = 2 * 1024 * 1024
ELSEWHERE_BODY_BYTES_MAX = 128 * 1024 * 1024
OWN_PATH = "/_shipway/"
HEALTH_PATH = "/_shipway/health"
UPKEEP_S = 30.0

SCOPE_SERVICE = re.compile(
    rb"Credential=[^,\s&]*?(?:/|%2F)\d{8}(?:/|%2F)[^/,&%]*(?:/|%2F)"
    rb"(?P<service>[a-z0-9-]+)(?:/|%2F)"
)
CLASSIC_VERSION = re.compile(rb"(?:^|&)Version=2012-06-01(?:&|$)")


def elsewhere_of(settings: Settings, store: Store, metrics: Metrics, clock: Clock) -> Elsewhere:
    """moto, with our metrics among CloudWatch's, and our services where Application Auto Scaling looks."""
    before = {AUTO_SCALING: partial(bind_services, store, settings)}
    return Elsewhere(settings, partial(publish, metrics, clock), before)


def build_app(context: Context, routes: Iterable[BaseRoute] = ()) -> ASGIApp:
    """The application for uvicorn. `routes`: websockets and `/_shipway/...`, from the other rooms."""
    return FrontDoor(context, Router(routes=list(routes)))


class Request(msgspec.Struct, frozen=True):
    """One HTTP request, read whole."""

    scope: Scope
    headers: dict[bytes, bytes]
    body: bytes
    request_id: str

    @property
    def form(self) -> bytes:
        """What a query service reads: the body, or the query string of a GET."""
        return self.body or cast(bytes, self.scope["query_string"])


class FrontDoor:
    def __init__(self, context: Context, router: Router) -> None:
        self._context = context
        self._router = router
        self._dispatcher = Dispatcher(context)
        self._elsewhere = context.elsewhere or elsewhere_of(
            context.settings, context.store, context.metrics, context.clock
        )
        self._verifier = Verifier(
            self._elsewhere.credentials_after(context.credentials), context.signing_clock or context.clock
        )
        self._server = (b"server", context.settings.product.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if scope["path"] == HEALTH_PATH:
                await self._send(send, 200, b"application/json", b'{"status":"ready"}', "")
            else:
                await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._router(scope, receive, send)
        else:
            await self._lifespan(receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        request_id = self._context.ids.uuid()
        claimed = claimed_service(headers.get(b"authorization", b"") or scope["query_string"])
        try:
            bytes_max = BODY_BYTES_MAX if claimed in OURS else ELSEWHERE_BODY_BYTES_MAX
            request = Request(scope, headers, await read_body(receive, headers, bytes_max), request_id)
            identity = self._verify(request)
        except ClientGoneError:
            return
        except (SignatureError, BodyTooLargeError) as error:
            await self._refuse(send, error.kind, str(error), claimed, is_form(headers), request_id)
            return
        if scope["path"].startswith(OWN_PATH):
            await self._router(scope, replay(request.body), send)
        elif (identity.service, request.headers.get(b"x-amz-target")) == SESSIONS:
            await self._answer_here(request, identity, send)
        elif identity.service not in OURS or is_classic_load_balancing(identity.service, request.form):
            await self._answer_elsewhere(request, identity, send)
        else:
            await self._answer_here(request, identity, send)

    def _verify(self, request: Request) -> Identity:
        scope, body = request.scope, request.body
        return self._verifier.verify(
            scope["method"],
            scope["raw_path"].decode("latin-1"),
            scope["query_string"].decode("latin-1"),
            scope["headers"],
            sha256(body).hexdigest() if body else EMPTY_SHA256,
        )

    async def _answer_here(self, request: Request, identity: Identity, send: Send) -> None:
        shapes = service_shapes(OURS.get(identity.service, identity.service))
        wire: Wire
        if shapes.target_prefix:
            prefix, _, operation = request.headers.get(b"x-amz-target", b"").decode("latin-1").partition(".")
            known, body, wire = prefix == shapes.target_prefix, request.body, cast(Wire, json_wire)
        else:
            action = ACTION.search(request.form)
            operation = action["action"].decode() if action else ""
            known, body, wire = action is not None, request.form, cast(Wire, query_wire)
        if not known:
            message = f"No operation of {identity.service} is named by this request."
            form = not shapes.target_prefix
            await self._refuse(send, "unknown_operation", message, identity.service, form, request.request_id)
            return
        caller = identity.arn, request.request_id
        status, answer = await self._dispatcher.answer(shapes, wire, operation, body, caller)
        await self._send(send, status, wire.CONTENT_TYPE.encode(), answer, request.request_id)

    async def _answer_elsewhere(self, request: Request, identity: Identity, send: Send) -> None:
        try:
            answer = await self._elsewhere.answer(identity.service, request.scope, request.body)
        except Exception:
            log.exception("moto failed on %s, request %s", identity.service, request.request_id)
            message = f"moto failed; `shipway local logs` has the details under request {request.request_id}."
            form = is_form(request.headers)
            await self._refuse(send, "failed", message, identity.service, form, request.request_id)
            return
        if may_change(request.headers, request.scope["path"], request.form):
            self._context.heard(identity.service)
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers
        ]
        if not any(name == b"content-length" for name, _ in headers):
            headers.append((b"content-length", str(len(answer.body)).encode()))
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": [*headers, self._server]}
        )
        await send({"type": "http.response.body", "body": answer.body})

    async def _refuse(
        self, send: Send, kind: str, message: str, service: str, form: bool, request_id: str
    ) -> None:
        refused = refusal(kind, message, service, query=form, request_id=request_id)
        await self._send(send, refused.status, refused.content_type.encode(), refused.body, request_id)

    async def _send(self, send: Send, status: int, content_type: bytes, body: bytes, request_id: str) -> None:
        headers = [
            (b"content-type", content_type),
            (b"content-length", str(len(body)).encode()),
            (b"x-amzn-requestid", request_id.encode()),
            self._server,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        upkeep = asyncio.create_task(self._keep_up())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        upkeep.cancel()
        with suppress(asyncio.CancelledError):
            await upkeep
        self._elsewhere.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _keep_up(self) -> None:
        """Now and then, off the event loop: old log events go, and the log's own file is checkpointed."""
        while True:
            await asyncio.sleep(UPKEEP_S)
            try:
                await self._upkeep()
            except Exception:
                log.exception("upkeep of the log events failed; it is tried again in %s s", UPKEEP_S)

    async def _upkeep(self) -> None:
        log_events, now_ms = self._context.log_events, self._context.clock.now_ms()
        if log_events.in_memory:
            log_events.upkeep(now_ms)
        else:
            await asyncio.to_thread(log_events.upkeep, now_ms)


def claimed_service(text: bytes) -> str:
    """The service that a request claims to be signed for, before anything is verified."""
    claimed = SCOPE_SERVICE.search(text)
    return claimed["service"].decode() if claimed else ""


def is_form(headers: dict[bytes, bytes]) -> bool:
    """A form, unless a JSON operation is named; some clients send JSON with urllib's own content type."""
    return b"x-amz-target" not in headers and headers.get(b"content-type", b"").startswith(
        b"application/x-www-form-urlencoded"
    )


def is_classic_load_balancing(service: str, form: bytes) -> bool:
    """Classic load balancers share their signing name with Elastic Load Balancing v2."""
    return service == "elasticloadbalancing" and CLASSIC_VERSION.search(form) is not None
