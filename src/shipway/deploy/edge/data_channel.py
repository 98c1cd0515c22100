"""The client's end of a session into a container, as AWS's session-manager-plugin holds it."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from shipway.data_channel.frames import (
    BYTES,
    CHANNEL_CLOSED,
    CONNECTION_FAILED,
    EXIT_CODE,
    FLAG,
    HANDSHAKE_COMPLETE,
    HANDSHAKE_REQUEST,
    HANDSHAKE_RESPONSE,
    INPUT,
    SIZE,
    STDERR,
    TERMINATE,
    Frame,
    FrameError,
)
from shipway.data_channel.stream import Stream
from shipway.deploy.errors import DeployError

# Systems Manager asks for what newer plugins can do by their version; this one is before multiplexing.
CLIENT_VERSION = "1.1.61.0"
LOOK_EVERY_S = 0.5
FRAME_BYTES_MAX = 1024 * 1024 + 1024
OPEN_TIMEOUT_S = 20
DONE, UNSUPPORTED = 1, 3
INPUT_CHUNK_BYTES = 1024
NOBODY_ANSWERS = "nothing answers at that port in the container"


class Console(Protocol):
    """Where a session's bytes come from and go to."""

    def read(self) -> bytes:
        """What was typed; empty when there is no more. Waits."""
        ...

    def write(self, data: bytes) -> None:
        """What the container says."""
        ...

    def size(self) -> tuple[int, int] | None:
        """Columns and rows, if it is a terminal."""
        ...


@dataclass(frozen=True)
class SessionEnd:
    """`exit_code` is None where the other end did not tell: Amazon's agents before 3.3 do not."""

    exit_code: int | None
    said: str = ""


class DataChannel:
    """One session, from its first frame to its last."""

    def __init__(self, websocket: Any, console: Console) -> None:
        self._websocket = websocket
        self._console = console
        self._stream = Stream(INPUT)
        self._lock = threading.Lock()
        self._size: tuple[int, int] | None = None
        self._exit_code: int | None = None
        self._closed: str | None = None
        self._of_port = False

    def hold(self, token: str) -> SessionEnd:
        """Until the other end closes. What is typed is read by a thread of its own."""
        from websockets.exceptions import ConnectionClosed

        opening = {
            "MessageSchemaVersion": "1.0",
            "RequestId": str(uuid.uuid4()),
            "TokenValue": token,
            "ClientId": str(uuid.uuid4()),
            "ClientVersion": CLIENT_VERSION,
        }
        try:
            self._websocket.send(json.dumps(opening))
            while self._closed is None:
                self._look()
        except ConnectionClosed:
            return SessionEnd(self._exit_code)
        return SessionEnd(self._exit_code, self._closed)

    def _look(self) -> None:
        try:
            data = self._websocket.recv(timeout=LOOK_EVERY_S)
        except TimeoutError:
            data = None
        if isinstance(data, bytes):
            try:
                with self._lock:
                    frames, answers = self._stream.received(data, _now_ms(), str(uuid.uuid4()))
            except FrameError as error:
                raise DeployError(f"The session cannot be followed: {error}.") from None
            for answer in answers:
                self._websocket.send(answer)
            for frame in frames:
                self._heard(frame)
        with self._lock:
            overdue = self._stream.overdue(_now_ms())
        for frame_data in overdue:
            self._websocket.send(frame_data)
        self._tell_size()

    def _heard(self, frame: Frame) -> None:
        if frame.message_type == CHANNEL_CLOSED:
            self._closed = str(frame.document.get("Output") or "")
        elif frame.payload_type == HANDSHAKE_REQUEST:
            self._agree(frame.document)
        elif frame.payload_type == HANDSHAKE_COMPLETE:
            self._tell_size()
            threading.Thread(target=self._type, name="session's input", daemon=True).start()
        elif frame.payload_type == FLAG:
            if int.from_bytes(frame.payload[:4], "big") == CONNECTION_FAILED:
                self._closed = NOBODY_ANSWERS
        elif frame.payload_type in (BYTES, STDERR):
            self._console.write(frame.payload)
        elif frame.payload_type == EXIT_CODE:
            text = frame.payload.decode("ascii", "replace").strip()
            self._exit_code = int(text) if text.lstrip("-").isdigit() else None

    def _agree(self, request: dict[str, Any]) -> None:
        processed, errors = [], []
        for action in request.get("RequestedClientActions") or ():
            kind = str(action.get("ActionType"))
            known = kind == "SessionType"
            parameters = action.get("ActionParameters") or {}
            self._of_port = self._of_port or (known and parameters.get("SessionType") == "Port")
            processed.append(
                {
                    "ActionType": kind,
                    "ActionStatus": DONE if known else UNSUPPORTED,
                    "ActionResult": None,
                    "Error": "" if known else f"{kind} is not supported",
                }
            )
            if not known:
                errors.append(kind)
        answer = {"ClientVersion": CLIENT_VERSION, "ProcessedClientActions": processed, "Errors": errors}
        self.send(HANDSHAKE_RESPONSE, json.dumps(answer).encode())
        if errors:
            raise DeployError(
                f"The session asks for {', '.join(errors)}, which Shipway cannot do (a KMS key is in the "
                "cluster's executeCommandConfiguration). Use `aws ecs execute-command` for it."
            )

    def send(self, payload_type: int, payload: bytes) -> None:
        with self._lock:
            data = self._stream.data(payload_type, payload, _now_ms(), str(uuid.uuid4()))
            self._websocket.send(data)

    def _tell_size(self) -> None:
        size = self._console.size()
        if size is not None and size != self._size:
            self._size = size
            self.send(SIZE, json.dumps({"cols": size[0], "rows": size[1]}).encode())

    def _type(self) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            while data := self._console.read():
                for start in range(0, len(data), INPUT_CHUNK_BYTES):
                    self.send(BYTES, data[start : start + INPUT_CHUNK_BYTES])
            if self._of_port:  # nothing of a connection can be half closed over a session
                self.terminate()
        except (ConnectionClosed, OSError):
            return  # the session is over; whoever follows it says how

    def terminate(self) -> None:
        """Tells the other end that this one leaves."""
        from websockets.exceptions import ConnectionClosed

        try:
            self.send(FLAG, TERMINATE.to_bytes(4, "big"))
        except ConnectionClosed:
            return


def hold_session(session: dict[str, Any], console: Console) -> SessionEnd:
    """A session that ExecuteCommand or StartSession opened, to its end."""
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect

    url = str(session["streamUrl"])
    on_this_machine = (urlsplit(url).hostname or "").startswith("127.")
    try:
        websocket = connect(
            url,
            proxy=None if on_this_machine else True,
            max_size=FRAME_BYTES_MAX,
            open_timeout=OPEN_TIMEOUT_S,
            compression=None,
        )
    except (OSError, TimeoutError, WebSocketException) as error:
        raise DeployError(
            f"The session {session['sessionId']} cannot be joined: {error}. See that this machine reaches "
            "the session's address, then try again."
        ) from None
    with websocket:
        channel = DataChannel(websocket, console)
        try:
            return channel.hold(str(session["tokenValue"]))
        except KeyboardInterrupt:
            channel.terminate()
            raise


Hold = Callable[[dict[str, Any], Console], SessionEnd]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
