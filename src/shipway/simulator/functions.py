"""The functions that lifecycle hooks ask: those with a name say what it stands for; of the others, in
trouble, what each says is drawn.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from shipway.reconcile.surroundings import HookCaller, HookUnreachedError

SUCCEEDED = b'{"hookStatus": "SUCCEEDED"}'
IN_PROGRESS = b'{"hookStatus": "IN_PROGRESS", "callBackDelay": 5}'
FAILED = b'{"hookStatus": "FAILED"}'
NONSENSE = b"<html>"


class SimulatedFunctions:
    """They go on when the control plane is killed."""

    def __init__(self, chance: random.Random) -> None:
        self.trouble = 0.0  # how often an answer is not SUCCEEDED
        self.named: dict[str, Callable[[], Awaitable[bytes]]] = {}  # by their ARN
        self._chance = chance

    async def call(self, target_arn: str, payload: bytes) -> bytes:
        if target_arn in self.named:
            return await self.named[target_arn]()
        if self._chance.random() >= self.trouble:
            return SUCCEEDED
        answer = self._chance.choice((IN_PROGRESS, IN_PROGRESS, FAILED, NONSENSE, b"", None))
        if answer is None:  # its run ends at its own limit, long before the call does
            await asyncio.Event().wait()
        if not answer:
            raise HookUnreachedError("it is throttled")
        return answer


_: HookCaller = SimulatedFunctions(random.Random(0))
