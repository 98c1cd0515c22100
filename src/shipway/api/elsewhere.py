"""Every AWS service that is not written here: moto answers, inside this process, behind the same front door.

moto is a WSGI application and heavy to import, so it is loaded at the first request that needs it and runs on
one thread of its own. What it remembers lives as long as the process. Access keys that moto itself has made
(IAM CreateAccessKey, STS AssumeRole) are good for signing requests to the front door too.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from shipway.api.call import Settings
from shipway.api.signature import Credential

T = TypeVar("T")
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "server", "date"})


ACTION = re.compile(rb"(?:^|&)Action=(?P<action>\w+)")
READS = ("Get", "List", "Describe")


@dataclass(frozen=True, slots=True)
class WsgiAnswer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Elsewhere:
    """moto behind one thread."""

    def __init__(
        self,
        settings: Settings,
        loaded: Callable[[], None] = lambda: None,
        before: Mapping[str, Callable[[], None]] | None = None,
    ) -> None:
        """`loaded` is called once moto is there, `before` ahead of each request to a service of that name."""
        self._settings = settings
        self._loaded = loaded
        self._before = dict(before or {})
        self._app: WsgiApp | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="moto")

    async def answer(self, service: str, scope: MutableMapping[str, Any], body: bytes) -> WsgiAnswer:
        return await self.run(lambda: self._answer(service, environ_of(scope, body)))

    async def run(self, function: Callable[[], T]) -> T:
        """On moto's thread, between two of its requests."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    def _answer(self, service: str, environ: dict[str, Any]) -> WsgiAnswer:
        if self._app is None:
            self._app = load_moto(self._settings.account_id)
            self._loaded()
        if service in self._before:
            self._before[service]()
        return call_wsgi(self._app, environ)

    def credentials_after(
        self, first: Callable[[str], Credential | None]
    ) -> Callable[[str], Credential | None]:
        """Looks among the installation's own credentials, then among those that moto has issued."""

        def find(access_key_id: str) -> Credential | None:
            return first(access_key_id) or (
                issued_by_moto(self._settings, access_key_id) if self._app else None
            )

        return find

    async def forget(self) -> None:
        """Everything that moto remembers goes, for all who share this process."""
        await self.run(self._forget)

    def _forget(self) -> None:
        if self._app is not None:
            from moto.moto_api._internal.models import moto_api_backend

            moto_api_backend.reset()

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


def load_moto(account_id: str) -> WsgiApp:
    os.environ["MOTO_ACCOUNT_ID"] = account_id  # moto reads it once, when it is imported
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    app: WsgiApp = DomainDispatcherApplication(create_backend_app)
    return app


def issued_by_moto(settings: Settings, access_key_id: str) -> Credential | None:
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    account_id = settings.account_id
    for role in sts_backends[account_id]["aws"].assumed_roles:
        if role.access_key_id == access_key_id:
            return Credential(access_key_id, role.secret_access_key, role.arn, role.session_token)
    for user in iam_backends[account_id]["aws"].users.values():
        for key in user.access_keys:
            if key.access_key_id == access_key_id and key.status == "Active":
                return Credential(access_key_id, key.secret_access_key, user.arn)
    return None


def may_change(headers: Mapping[bytes, bytes], path: str, form: bytes) -> bool:
    """Whether a request may have changed what moto remembers: it does not name an operation that only reads.

    The name is in `X-Amz-Target` (JSON), in the path's end (CBOR, REST) or in the form (query).
    """
    target = headers.get(b"x-amz-target", b"").decode("latin-1").rpartition(".")[2]
    action = ACTION.search(form)
    name = target or (action["action"].decode() if action else path.rpartition("/")[2])
    return not name.startswith(READS)


def environ_of(scope: MutableMapping[str, Any], body: bytes) -> dict[str, Any]:
    """The WSGI environment of an ASGI request whose body has been read."""
    raw_path: bytes = scope["raw_path"]
    query = scope["query_string"].decode("latin-1")
    uri = raw_path.decode("latin-1") + (f"?{query}" if query else "")
    host, port = scope.get("server") or ("127.0.0.1", 80)
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(raw_path).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": uri,
        "REQUEST_URI": uri,
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("127.0.0.1", 0))[0],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1")
        if name in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
            continue
        key = name if name == "CONTENT_TYPE" else f"HTTP_{name}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


def call_wsgi(app: WsgiApp, environ: dict[str, Any]) -> WsgiAnswer:
    started: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], error: Any = None
    ) -> Callable[[bytes], None]:
        started.append((status, headers))
        return written.append

    chunks = app(environ, start_response)
    try:
        body = b"".join([*written, *chunks])
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = started[-1]
    kept = [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP]
    return WsgiAnswer(int(status.split(" ", 1)[0]), kept, body)
