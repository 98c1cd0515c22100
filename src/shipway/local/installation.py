"""What outlives a reset, engine and front door, and the composition behind them, which does not.

Theory of operation. A reset stops the composition's parts as `down` does, clears what tasks and records have
left (clearing.py), and makes a composition anew: nothing that one remembers can reach the next. The engine's
own programs, their ports and the front door go on; requests that arrive meanwhile wait at the door. A marker
in the data folder stands from the first step to the last, and a start that finds it clears first: a reset
that was begun is finished, whatever is killed. What fails on the way ends the process like any part that
cannot start, and the next `up` goes on from the marker.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shipway.local import breaking
from shipway.local.clearing import clear
from shipway.local.composition import Composition
from shipway.local.engines import Engine, RealEngine
from shipway.local.fleet import Fleet
from shipway.local.foundation import Foundation
from shipway.local.front_door import RESET_PATH, Doorway, FrontDoor
from shipway.local.simulated import SimulatedEngine
from shipway.local.supervisor import Supervisor
from shipway.model.snapshot import Timing
from shipway.seams import SystemClock

logger = logging.getLogger(__name__)


class Installation:
    """One control plane process's parts. `give_up` is called when it cannot go on."""

    def __init__(self, foundation: Foundation, give_up: Callable[[], None]) -> None:
        self._foundation = foundation
        self._give_up = give_up
        self.engine = engine_of(foundation)
        self._doorway = Doorway()
        front_door = FrontDoor(self._doorway, foundation.settings.port)
        self._supervisor = Supervisor([*self.engine.parts(), front_door], SystemClock())
        self._composition: Composition | None = None
        self._changing = asyncio.Lock()

    async def start(self) -> None:
        await self._supervisor.start()
        if self._foundation.folder.reset_file.exists():
            logger.warning("The reset that was under way when local ECS ended is finished first.")
            await clear(self._foundation, self.engine)
        await self._begin()

    async def stop(self) -> None:
        async with self._changing:
            if self._composition is not None:
                await self._composition.stop()
                self._composition = None
            await self._supervisor.stop()
            await self.engine.close()

    async def reset(self) -> bool:
        """Empty, and with its instances connected, as after a first `up`. False when it is being stopped."""
        async with self._changing:
            if self._composition is None:
                return False
            self._foundation.folder.reset_file.touch(mode=0o600)
            try:
                await self._composition.stop()
                await self._doorway.close()
                await self._composition.forget_elsewhere()
                await clear(self._foundation, self.engine)
                await self._begin()
            except Exception:
                self._give_up()
                raise
        logger.info("Reset: everything but images was removed.")
        return True

    async def _begin(self) -> None:
        routes = [
            Route("/_shipway/status", self._answer_status),
            Route(RESET_PATH, self._answer_reset, methods=["POST"]),
            breaking.route(self.engine, self._fleet),
        ]
        self._composition = Composition(self._foundation, self.engine, self._doorway, routes)
        await self._composition.start()

    def _fleet(self) -> Fleet:
        assert self._composition is not None, "the door leads to it"
        return self._composition.fleet

    async def _answer_status(self, _: Request) -> Response:
        assert self._composition is not None, "the door leads to it"
        status = self._composition.status()
        status["parts"] = [*self._supervisor.statuses(), *status["parts"]]
        return answer(200, status)

    async def _answer_reset(self, _: Request) -> Response:
        try:
            done = await self.reset()
        except Exception as error:
            logger.exception("The reset failed")
            text = f"The reset failed, and local ECS ends: {error} The next `shipway local up` finishes it."
            return answer(500, {"message": text})
        if not done:
            return answer(503, {"message": "Local ECS is being taken down: nothing was removed."})
        return answer(200, {"status": "ready"})


def answer(status: int, document: dict[str, object]) -> Response:
    return Response(msgspec.json.encode(document), status, media_type="application/json")


def engine_of(foundation: Foundation) -> Engine:
    if foundation.settings.simulated:
        return SimulatedEngine(foundation.store)
    return RealEngine(foundation, Timing().at_speed(foundation.settings.speed))
