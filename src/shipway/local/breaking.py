"""`POST /_shipway/break`: containers and instances are broken as the world would break them.

Nothing here tells ECS anything: it has to notice by itself.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shipway.api.app import OWN_PATH
from shipway.local.engines import Engine
from shipway.local.fleet import Fleet


class TaskContainer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    task: str
    container: str


class Broken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for, and, in the answer, what of it was there to be broken."""

    killed: tuple[TaskContainer, ...] = ()  # as by `docker kill`
    dark: tuple[str, ...] = ()  # EC2 ids of instances that lose their power; others come for them
    gone: tuple[str, ...] = ()  # the same, and none comes


def route(engine: Engine, fleet: Callable[[], Fleet]) -> Route:
    async def break_it(request: Request) -> Response:
        try:
            wish = msgspec.json.decode(await request.body(), type=Broken)
        except msgspec.DecodeError as error:
            return JSONResponse({"message": f"What to break cannot be read: {error}."}, 400)
        broken = Broken(
            killed=tuple([one for one in wish.killed if await engine.kill(one.task, one.container)]),
            dark=tuple(await fleet().lose_power(wish.dark, returns=True)),
            gone=tuple(await fleet().lose_power(wish.gone, returns=False)),
        )
        return Response(msgspec.json.encode(broken), media_type="application/json")

    return Route(OWN_PATH + "break", break_it, methods=["POST"])
