"""The hooks loop: who is asked when, and what becomes of the answer."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from msgspec.structs import replace

from shipway.model.arn import Place
from shipway.model.service_revision import ServiceDeployment
from shipway.model.snapshot import Timing
from shipway.model.traffic_shift import HookRun, TrafficShift
from shipway.reconcile.hooks import HooksTurn
from shipway.reconcile.surroundings import HookUnreachedError, Surroundings
from shipway.seams import SeededIds
from shipway.store import Store
from tests.builders import START_MS, a_service_deployment

SUCCEEDED = b'{"hookStatus": "SUCCEEDED"}'


class Standing:
    """A clock that is moved by hand."""

    now = START_MS

    def now_ms(self) -> int:
        return self.now


class Functions:
    """Answers what it is told to, once it is let; counts who asked."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)
        self.payloads: list[dict[str, Any]] = []
        self.let = asyncio.Event()
        self.let.set()

    async def call(self, target_arn: str, payload: bytes) -> bytes:
        self.payloads.append(msgspec.json.decode(payload))
        answer = self.answers.pop(0)
        await self.let.wait()
        if isinstance(answer, Exception):
            raise answer
        return answer


def a_run(number: int = 1, **members: Any) -> HookRun:
    defaults: dict[str, Any] = {
        "hook_id": f"ecs-lambda-{number}",
        "hook": number - 1,
        "stage": "PRE_SCALE_UP",
        "target_arn": f"http://127.0.0.1:{number}/",
        "expires_at": START_MS + 1_000_000,
        "execution_id": f"execution-{number}",
        "call_at": START_MS,
    }
    return HookRun(**{**defaults, **members})


class Loop:
    """One deployment with these hooks, and the loop that asks them."""

    def __init__(self, functions: Functions, *runs: HookRun, timing: Timing | None = None) -> None:
        self.store = Store.open(None)
        self.clock = Standing()
        shift = TrafficShift(steps=(100.0,), begun=True, stage="PRE_SCALE_UP", hook_runs=runs)
        self.arn = a_service_deployment().service_deployment_arn
        with self.store.transaction() as tx:
            tx.put(a_service_deployment(shift=shift))
        around = Surroundings(
            store=self.store,
            clock=self.clock,
            ids=SeededIds(1),
            place=Place("000000000000", "us-east-1"),
            timing=timing or Timing(),
            hooks=functions,
        )
        self.calls = HooksTurn(around)

    async def turn(self) -> int | None:
        """One pass, and the end of whatever it can finish at once."""
        result = await self.calls()
        for _ in range(20):
            await asyncio.sleep(0)
        return result.wake_at

    @property
    def runs(self) -> tuple[HookRun, ...]:
        deployment = self.store.state.get(ServiceDeployment, self.arn)
        assert deployment is not None and deployment.shift is not None
        return deployment.shift.hook_runs


async def test_functions_are_asked_side_by_side() -> None:
    """Each once, however often the loop is woken meanwhile."""
    functions = Functions(SUCCEEDED, b'{"hookStatus": "FAILED"}')
    functions.let.clear()
    loop = Loop(functions, a_run(1), a_run(2))
    await loop.turn()
    await loop.turn()
    assert len(functions.payloads) == 2
    functions.let.set()
    await loop.turn()
    assert [run.status for run in loop.runs] == ["SUCCEEDED", "FAILED"]
    assert loop.runs[1].failure == "Lifecycle hook target http://127.0.0.1:2/ returned FAILED status."


async def test_a_busy_function_is_asked_again_at_its_moment() -> None:
    """IN_PROGRESS names the delay; the same execution is asked about, with what it returned."""
    busy = b'{"hookStatus": "IN_PROGRESS", "callBackDelay": 7, "hookDetails": {"seen": 1}}'
    functions = Functions(busy, SUCCEEDED)
    loop = Loop(functions, a_run())
    await loop.turn()
    assert await loop.turn() == START_MS + 7_000
    loop.clock.now += 7_000
    await loop.turn()
    assert [payload["executionId"] for payload in functions.payloads] == ["execution-1"] * 2
    assert functions.payloads[1]["hookDetails"] == {"seen": 1}
    assert loop.runs[0].status == "SUCCEEDED"


async def test_a_call_that_a_crash_cut_off_is_made_again() -> None:
    """Nothing of a call is kept: whoever starts anew asks again, under the same executionId."""
    functions = Functions(SUCCEEDED, SUCCEEDED)
    functions.let.clear()
    loop = Loop(functions, a_run())
    await loop.turn()
    await loop.calls.stop()
    assert loop.runs[0].status == "IN_PROGRESS"
    functions.let.set()
    again = Loop(functions, *loop.runs)
    await again.turn()
    assert [payload["executionId"] for payload in functions.payloads] == ["execution-1"] * 2
    assert again.runs[0].status == "SUCCEEDED"


async def test_a_function_that_cannot_be_asked_fails_its_hook() -> None:
    """In ECS's words; so does one that takes too long."""
    loop = Loop(Functions(HookUnreachedError("nobody is there")), a_run())
    await loop.turn()
    assert loop.runs[0].failure == (
        "ECS was unable to invoke hook target http://127.0.0.1:1/ due to nobody is there"
    )
    slow = Functions(SUCCEEDED)
    slow.let.clear()
    loop = Loop(slow, a_run(), timing=Timing(hook_call_ms=1))
    waiting = asyncio.Event()
    loop.store.subscribe(lambda _: waiting.set())
    await loop.turn()
    await asyncio.wait_for(waiting.wait(), 10)
    assert loop.runs[0].failure == (
        "ECS was unable to invoke hook target http://127.0.0.1:1/ due to no answer came in 0.001 s"
    )


async def test_an_answer_that_comes_too_late_is_dropped() -> None:
    """The deployment ended while its function was thinking."""
    functions = Functions(SUCCEEDED)
    functions.let.clear()
    loop = Loop(functions, a_run())
    await loop.turn()
    with loop.store.transaction() as tx:
        deployment = tx.get(ServiceDeployment, loop.arn)
        assert deployment is not None
        tx.put(replace(deployment, status="STOPPED"))
    functions.let.set()
    await loop.turn()
    assert loop.runs[0].status == "IN_PROGRESS"
