"""A link that is cut in the middle of its opening."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.websockets import WebSocket

from shipway.simulator.world import World
from tests.simulator.stories import told


def test_an_agent_that_hangs_up_before_its_link_is_open_is_no_failure() -> None:
    """The control plane lets it go; the instance's other link goes on."""

    async def hang_up(message: Any) -> None:
        raise OSError("the agent is gone")

    async def connect() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def story(world: World) -> None:
        (agent,) = world.add_instances(1)
        await asyncio.sleep(5)
        query = f"clusterArn=default&containerInstanceArn={agent.arn}".encode()
        scope = {"type": "websocket", "path": "/ws", "query_string": query, "headers": []}
        assert world.control_plane is not None
        await world.control_plane.serve(WebSocket(scope, connect, hang_up))
        answer = await world.call("DescribeContainerInstances", containerInstances=[agent.arn])
        assert answer["containerInstances"][0]["agentConnected"]

    told(story)
