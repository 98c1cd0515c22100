"""The network between agents and the control plane, in memory: posts and websockets.

A post may be lost, doubled or late, and so may its answer: whoever sent it hears of a failure and does not
know whether it arrived. A websocket keeps its order, as TCP does, but it may break, at each end when that end
notices. Who is cut off is not told: what is sent then is held, and arrives when the cut is mended, unless the
sender has given up by then. The server is whoever is up; with nobody up, connections are refused.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any, Protocol
from urllib.parse import urlencode

import msgspec
from starlette.websockets import WebSocket

Event = MutableMapping[str, Any]
GONE: Event = {"type": "websocket.disconnect", "code": 1006}


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What a message must expect. The chances are of one in one; the defaults are a perfect network."""

    latency_ms: tuple[float, float] = (0.0, 0.0)
    lost: float = 0.0  # a post or its answer
    doubled: float = 0.0  # a post
    late: float = 0.0  # a post arrives when its sender has given up
    patience_ms: float = 5_000.0  # how long a sender waits for an answer


PERFECT = Conditions()


class Server(Protocol):
    """A control plane as the network reaches it."""

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Runs the work in the server's process."""
        ...

    async def answer(self, operation: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of one call of the ECS API."""
        ...

    async def serve(self, websocket: WebSocket) -> None:
        """One websocket from its upgrade to its end."""
        ...


class Listener(Protocol):
    """The agent's end of a websocket."""

    def opened(self) -> None:
        """The upgrade was accepted."""
        ...

    def heard(self, text: str) -> None:
        """A frame."""
        ...

    def ended(self, refusal: str) -> None:
        """No more frames. `refusal` is the error's code when the upgrade was refused."""
        ...


class Network:
    def __init__(self, chance: random.Random, conditions: Conditions = PERFECT) -> None:
        self.conditions = conditions
        self.server: Server | None = None
        self._chance = chance
        self._cut: dict[str, list[Callable[[], None]]] = {}
        self._wires: dict[Wire, None] = {}

    def cut(self, sender: str) -> None:
        self._cut.setdefault(sender, [])

    def mend(self, sender: str) -> None:
        for held in self._cut.pop(sender, []):
            held()

    def is_cut(self, sender: str) -> bool:
        return sender in self._cut

    def break_links(self, sender: str) -> None:
        for wire in [wire for wire in self._wires if wire.sender == sender]:
            wire.snap()

    def server_died(self) -> None:
        """The server's machine resets every connection."""
        self.server = None
        for wire in list(self._wires):
            wire.snap()

    def open(self, sender: str, query: dict[str, str], listener: Listener) -> Wire:
        wire = Wire(self, sender, listener)
        self._wires[wire] = None
        self.carry(sender, lambda: self._upgrade(wire, query))
        return wire

    def post(self, sender: str, operation: str, body: bytes, answered: Callable[[int, bytes], None]) -> None:
        """Calls back once: with status and body, or with status 0 when no answer came."""
        post = Post(self, sender, answered)
        conditions, chance = self.conditions, self._chance
        if conditions.lost and chance.random() < conditions.lost:
            post.give_up_later()
            return
        if conditions.late and chance.random() < conditions.late:
            post.give_up_later()
            delay_ms = conditions.patience_ms * (1 + 3 * chance.random())
            asyncio.get_running_loop().call_later(delay_ms / 1000, self._arrive, post, operation, body)
            return
        if sender in self._cut:
            post.give_up_later()
        self.carry(sender, lambda: self._arrive(post, operation, body))
        if conditions.doubled and chance.random() < conditions.doubled:
            self.carry(sender, lambda: self._arrive(post, operation, body))

    def loses_answer(self) -> bool:
        return bool(self.conditions.lost) and self._chance.random() < self.conditions.lost

    def carry(self, sender: str, deliver: Callable[[], None]) -> None:
        """Brings something across, unordered; while the sender is cut off it is held."""
        held = self._cut.get(sender)
        if held is not None:
            held.append(lambda: self.carry(sender, deliver))
            return
        asyncio.get_running_loop().call_later(self.latency_s(), deliver)

    def latency_s(self) -> float:
        low, high = self.conditions.latency_ms
        return (low if low == high else self._chance.uniform(low, high)) / 1000

    def hold(self, sender: str, deliver: Callable[[], None]) -> bool:
        """Whether the sender is cut off, so that this waits for the mending."""
        held = self._cut.get(sender)
        if held is None:
            return False
        held.append(deliver)
        return True

    def forget(self, wire: Wire) -> None:
        self._wires.pop(wire, None)

    def _upgrade(self, wire: Wire, query: dict[str, str]) -> None:
        if self.server is None:
            wire.snap()
        elif not wire.over:
            websocket = WebSocket(wire.scope(query), wire.server_receives, wire.server_sends)
            self.server.start(self.server.serve(websocket))

    def _arrive(self, post: Post, operation: str, body: bytes) -> None:
        if self.server is None:
            post.reply(0, b"")
            return
        task = self.server.start(self.server.answer(operation, body))
        task.add_done_callback(post.served)


class Post:
    """One request under way. Its sender is called back once, whatever else comes."""

    def __init__(self, network: Network, sender: str, answered: Callable[[int, bytes], None]) -> None:
        self._network = network
        self._sender = sender
        self._answered: Callable[[int, bytes], None] | None = answered

    def give_up_later(self) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(self._network.conditions.patience_ms / 1000, self._call_back, 0, b"")

    def served(self, task: asyncio.Task[tuple[int, bytes]]) -> None:
        if task.cancelled():
            self.reply(0, b"")  # the server died with it
        elif self._network.loses_answer():
            self.give_up_later()
        else:
            self.reply(*task.result())

    def reply(self, status: int, body: bytes) -> None:
        if self._answered is not None:
            self._network.carry(self._sender, lambda: self._call_back(status, body))

    def _call_back(self, status: int, body: bytes) -> None:
        if self._answered is not None:
            answered, self._answered = self._answered, None
            answered(status, body)


class Wire:
    """One websocket. Each direction keeps its order."""

    def __init__(self, network: Network, sender: str, listener: Listener) -> None:
        self.sender = sender
        self.over = False  # the agent's end is closed
        self._network = network
        self._listener = listener
        self._arriving: asyncio.Queue[Event] = asyncio.Queue()
        self._arriving.put_nowait({"type": "websocket.connect"})
        self._server_gone = False
        self._free_at = {"up": 0.0, "down": 0.0}
        self._refusal = b""

    def send(self, text: str) -> None:
        if not self.over:
            self._in_order("up", self._server_hears, {"type": "websocket.receive", "text": text})

    def close(self) -> None:
        """The agent hangs up, or its process is gone."""
        if not self.over:
            self.over = True
            self._network.forget(self)
            self._in_order("up", self._server_hears, GONE)

    def snap(self) -> None:
        """The connection is lost; both ends notice, each in its time."""
        if not self.over:
            self._in_order("up", self._server_hears, GONE)
            self._in_order("down", self._agent_ends, "")

    def scope(self, query: dict[str, str]) -> dict[str, Any]:
        return {
            "type": "websocket",
            "path": "/ws",
            "raw_path": b"/ws",
            "query_string": urlencode(query).encode(),
            "headers": [],
            "extensions": {"websocket.http.response": {}},
        }

    async def server_receives(self) -> Event:
        return await self._arriving.get()

    async def server_sends(self, event: Event) -> None:
        if self._server_gone:
            raise OSError("the agent is gone")
        kind = event["type"]
        if kind == "websocket.send":
            self._in_order("down", self._agent_hears, event["text"])
        elif kind == "websocket.accept":
            self._in_order("down", self._agent_opened)
        elif kind == "websocket.close":
            self._server_gone = True
            self._arriving.put_nowait(GONE)
            self._in_order("down", self._agent_ends, "")
        elif kind == "websocket.http.response.body":
            code = next(iter(msgspec.json.decode(event["body"])))
            self._in_order("down", self._agent_ends, code)

    def _server_hears(self, event: Event) -> None:
        if event is GONE:
            self._server_gone = True
        self._arriving.put_nowait(event)

    def _agent_opened(self) -> None:
        if not self.over:
            self._listener.opened()

    def _agent_hears(self, text: str) -> None:
        if not self.over:
            self._listener.heard(text)

    def _agent_ends(self, refusal: str) -> None:
        if not self.over:
            self.over = True
            self._network.forget(self)
            self._listener.ended(refusal)

    def _in_order(self, direction: str, deliver: Callable[..., None], *what: Any) -> None:
        if self._network.hold(self.sender, lambda: self._in_order(direction, deliver, *what)):
            return
        loop = asyncio.get_running_loop()
        at = max(loop.time() + self._network.latency_s(), self._free_at[direction])
        self._free_at[direction] = at
        loop.call_at(at, deliver, *what)
