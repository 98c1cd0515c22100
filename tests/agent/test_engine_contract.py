"""What every engine must do, checked on the simulated one and on Docker alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shipway.agent.agent import InstanceEngine
from shipway.agent.container_body import INSTANCE_LABEL
from shipway.agent.engine import ALWAYS, LOCAL, MISSING, EngineError, Observed
from shipway.agent.task_state import PAUSE_IMAGE
from tests.agent.conftest import IMAGE

DEADLINE_S = 20


@pytest.fixture
async def opened(engine: InstanceEngine) -> AsyncIterator[InstanceEngine]:
    await engine.open()
    await engine.pull(IMAGE, None, MISSING)
    yield engine
    await engine.close()


def a_body(instance_id: str, script: str, **host_config: Any) -> dict[str, Any]:
    return {
        "Image": IMAGE,
        "Cmd": ["sh", "-c", script],
        "Labels": {INSTANCE_LABEL: instance_id},
        "HostConfig": host_config,
    }


async def until_ended(engine: InstanceEngine, runtime_id: str) -> Observed:
    async with asyncio.timeout(DEADLINE_S):
        async for _ in engine.events():
            seen = (await engine.observe(runtime_id))[0]
            if seen.status == "exited":
                return seen
    raise AssertionError("the events ended")


async def test_a_container_lives_from_create_to_remove(opened: InstanceEngine, instance_id: str) -> None:
    """created, running, exited with its own code, gone; a second remove is no error."""
    runtime_id = await opened.create(f"ecs-{instance_id}", a_body(instance_id, "sleep 0.3; exit 5"))
    assert [seen.status for seen in await opened.observe()] == ["created"]
    await opened.start(runtime_id)
    await opened.start(runtime_id)
    seen = (await opened.observe(runtime_id))[0]
    assert (seen.status, seen.exit_code, seen.labels[INSTANCE_LABEL]) == ("running", None, instance_id)
    seen = await until_ended(opened, runtime_id)
    assert (seen.exit_code, seen.oom_killed) == (5, False)
    assert seen.created_at <= seen.started_at <= seen.finished_at
    await opened.remove(runtime_id)
    await opened.remove(runtime_id)
    assert await opened.observe(runtime_id) == []


async def test_creating_the_same_container_again_finds_it(opened: InstanceEngine, instance_id: str) -> None:
    """An agent killed between create and its note makes no second container."""
    body = a_body(instance_id, "sleep 100")
    first = await opened.create(f"ecs-{instance_id}", body)
    assert await opened.create(f"ecs-{instance_id}", body) == first
    assert len(await opened.observe()) == 1


async def test_stop_is_polite_and_then_is_not(opened: InstanceEngine, instance_id: str) -> None:
    """The handler of SIGTERM decides the exit code; what ignores it is killed: 137."""
    polite = await opened.create(
        f"ecs-a-{instance_id}", a_body(instance_id, "trap 'exit 9' TERM; while true; do true; done")
    )
    stubborn = await opened.create(f"ecs-b-{instance_id}", a_body(instance_id, "trap '' TERM; sleep 100"))
    for runtime_id in (polite, stubborn):
        await opened.start(runtime_id)
    await asyncio.gather(opened.stop(polite, 10), opened.stop(stubborn, 1))
    codes = [(await opened.observe(runtime_id))[0].exit_code for runtime_id in (polite, stubborn)]
    assert codes[1] == 137
    assert codes[0] == 9


async def test_lines_come_in_order_and_go_on_behind_a_moment(
    opened: InstanceEngine, instance_id: str
) -> None:
    """Following from the start gives every line; following from a line's moment gives what came after it."""
    runtime_id = await opened.create(
        f"ecs-{instance_id}", a_body(instance_id, "echo one; echo two; echo three")
    )
    await opened.start(runtime_id)
    async with asyncio.timeout(DEADLINE_S):
        lines = [line async for line in opened.logs(runtime_id, 0)]
        assert [line.text for line in lines] == ["one", "two", "three"]
        rest = [line.text async for line in opened.logs(runtime_id, lines[0].timestamp_ns)]
    assert rest == ["two", "three"]


async def test_images_come_from_a_registry_or_from_here(opened: InstanceEngine) -> None:
    """A missing image is an error in the engine's words; the pause image is always to be had."""
    assert (await opened.pull(IMAGE, None, LOCAL)).image_id.startswith("sha256:")
    assert (await opened.pull(PAUSE_IMAGE, None, MISSING)).image_id
    for policy in (ALWAYS, MISSING, LOCAL):
        with pytest.raises(EngineError):
            await opened.pull("127.0.0.1:9/missing:1", None, policy)


async def test_a_missing_container_cannot_start(opened: InstanceEngine) -> None:
    """The error says which, and that it is missing."""
    with pytest.raises(EngineError, match="No such container") as caught:
        await opened.start("f" * 64)
    assert caught.value.missing


async def test_statistics_are_there_while_it_runs(opened: InstanceEngine, instance_id: str) -> None:
    """Counters of a running container, without a second's wait; nothing for one that is gone."""
    runtime_id = await opened.create(f"ecs-{instance_id}", a_body(instance_id, "sleep 100"))
    await opened.start(runtime_id)
    assert "cpu_usage" in (await opened.stats(runtime_id))["cpu_stats"]
    await opened.remove(runtime_id)
    assert await opened.stats(runtime_id) == {}
