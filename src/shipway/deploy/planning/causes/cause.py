"""A cause: why a task or deployment failed, in one sentence, with what to do. Its code never changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

Members = dict[str, Any]


class Rank(IntEnum):
    """The order in which causes are told: the earlier in a task's life, the nearer to the root.

    The value is the first digit of the codes of its kind.
    """

    IMAGE_PULL = 1
    RESOURCES = 2
    PLACEMENT = 3
    START = 4
    CRASH = 5
    HEALTH_CHECK = 6
    DEPLOYMENT = 7
    ENDED = 8
    OTHER = 9


@dataclass(frozen=True)
class Cause:
    """Equal causes of several tasks are one finding, so nothing in it may be a single task's own."""

    code: str
    sentence: str
    advice: str
    container: str | None = None
    exit_code: int | None = None

    @property
    def rank(self) -> Rank:
        return Rank(int(self.code[2]))
