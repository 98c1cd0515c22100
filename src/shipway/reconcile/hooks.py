"""The hooks loop: asks the functions of lifecycle hooks, and commits what they answered.

A call may take many minutes, so each has a task of its own beside the loop. Nothing is kept of it but its
answer: after a crash the function is asked again, under the same executionId.
"""

from __future__ import annotations

import asyncio

import msgspec

from shipway.model.actions import Plan, RecordHook
from shipway.model.service_revision import ServiceDeployment
from shipway.model.traffic_shift import HookRun
from shipway.reconcile.loop import PassResult
from shipway.reconcile.surroundings import HookUnreachedError, Surroundings, earliest, logger
from shipway.scheduler.shift.hook_calls import HookCall, answered, open_calls, payload_of, unreached
from shipway.store import Change


class HooksTurn:
    """Knows the calls under way, by deployment and hook id: a function is asked once at a time for a run."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._under_way: dict[tuple[str, str], asyncio.Task[None]] = {}

    def look_at_everything(self) -> None:
        """Every pass does: an index knows the few deployments that wait for functions."""

    def hear(self, changes: tuple[Change, ...]) -> bool:
        return any(change.kind is ServiceDeployment for change in changes)

    async def __call__(self) -> PassResult:
        """Starts the calls that are due; the others name the moment to look again."""
        now_ms = self._around.clock.now_ms()
        waiting = self._around.store.state.by(ServiceDeployment, "asks_functions", True)
        calls = [call for call in open_calls(waiting) if call.key not in self._under_way]
        due = [call for call in calls if call.run.call_at <= now_ms]
        for call in due:
            logger.info("ask %s at %s of %s", call.run.target_arn, call.run.stage, call.key[0])
            self._under_way[call.key] = asyncio.create_task(self._ask(call), name=f"hook {call.run.hook_id}")
        later = [call.run.call_at for call in calls if call not in due]
        return PassResult(actions=len(due), wake_at=earliest([*later]))

    async def stop(self) -> None:
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, call: HookCall) -> None:
        """Who is told of a run finds it on disk: the answer belongs to what a restart would read."""
        try:
            await self._around.store.durable()
            settled = await self._answer(call)
            reason = settled.failure or f"Its function was asked, and answered {settled.status}."
            self._around.commit(
                Plan((RecordHook(service_deployment_arn=call.key[0], run=settled, reason=reason),))
            )
        except Exception:
            logger.exception("The call of hook %s could not be finished", call.run.hook_id)
        finally:
            del self._under_way[call.key]

    async def _answer(self, call: HookCall) -> HookRun:
        limit_s = self._around.timing.hook_call_ms / 1000
        payload = msgspec.json.encode(payload_of(call))
        try:
            async with asyncio.timeout(limit_s):
                body = await self._around.hooks.call(call.run.target_arn or "", payload)
        except HookUnreachedError as error:
            return unreached(call.run, str(error))
        except TimeoutError:
            return unreached(call.run, f"no answer came in {limit_s:g} s")
        return answered(call.run, body, self._around.timing, self._around.clock.now_ms())
