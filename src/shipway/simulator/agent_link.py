"""One of an agent's two websockets: opened again whenever it ends, given up when the other side is silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from shipway.simulator.network import Network, Wire

SILENCE_S_MAX = 90.0
RECONNECT_S_FIRST, RECONNECT_S_MAX, RECONNECT_FACTOR = 0.25, 3.0, 1.5
REFUSED_S_MAX = 60.0
CONNECT_S_MAX = 5.0

Heard = Callable[[str, dict[str, Any]], None]


class AgentLink:
    """`heard` gets each message, `opened` each new connection, `refused` the code of a refused upgrade."""

    def __init__(
        self, sender: str, network: Network, query: Callable[[], dict[str, str]], heard: Heard
    ) -> None:
        self._sender = sender
        self._network = network
        self._query = query
        self._heard = heard
        self.on_opened: Callable[[], None] = lambda: None
        self.on_refused: Callable[[str], None] = lambda code: None
        self._wire: Wire | None = None
        self._is_open = False
        self._pause_s = RECONNECT_S_FIRST
        self._heard_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._running = False

    @property
    def is_open(self) -> bool:
        return self._is_open

    def start(self) -> None:
        self._running = True
        self._connect()

    def stop(self) -> None:
        self._running = self._is_open = False
        if self._timer is not None:
            self._timer.cancel()
        if self._wire is not None:
            self._wire.close()

    def send(self, kind: str, message: dict[str, Any]) -> None:
        if self._wire is not None and self._is_open:
            self._wire.send(msgspec.json.encode({"type": kind, "message": message}).decode())

    # Listener

    def opened(self) -> None:
        self._is_open = True
        self._pause_s = RECONNECT_S_FIRST
        self.on_opened()

    def heard(self, text: str) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        frame = msgspec.json.decode(text)
        self._heard(frame["type"], frame["message"])

    def ended(self, refusal: str) -> None:
        self._is_open = False
        self._wire = None
        if not self._running:
            return
        longest_s = REFUSED_S_MAX if refusal else RECONNECT_S_MAX
        self._again_in(self._pause_s, self._connect)
        self._pause_s = min(self._pause_s * RECONNECT_FACTOR, longest_s)
        if refusal:
            self.on_refused(refusal)

    def _connect(self) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        self._wire = self._network.open(self._sender, self._query(), self)
        self._again_in(CONNECT_S_MAX, self._check_silence)

    def _check_silence(self) -> None:
        """One timer a link: it looks again when the silence could be too long at the earliest."""
        longest_s = SILENCE_S_MAX if self._is_open else CONNECT_S_MAX
        left_s = self._heard_at + longest_s - asyncio.get_running_loop().time()
        if left_s > 0.001:
            self._again_in(left_s, self._check_silence)
        elif self._wire is not None:
            self._wire.close()
            self.ended("")

    def _again_in(self, seconds: float, then: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, then)
