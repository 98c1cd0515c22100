"""What a handler is given besides its request: the state, the seams, and who is asking."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from shipway.api.image_registry import ImageRegistry
from shipway.model.arn import Place
from shipway.model.snapshot import REAL_TIME, Timing
from shipway.seams import Clock, Ids
from shipway.store import Store
from shipway.store.log_events import LogEvents


@dataclass(frozen=True, slots=True)
class Settings:
    """What one installation of local ECS is: its account, its region and its address."""

    account_id: str = "000000000000"
    region: str = "us-east-1"
    endpoint: str = "http://127.0.0.1:4700"
    version: str = "0"
    task_network_cidr: str = "10.47.0.0/16"
    timing: Timing = REAL_TIME
    simulated: bool = False  # no container is a real one

    @property
    def product(self) -> str:
        """What every answer's `Server` header says."""
        return f"Shipway/{self.version}" + (" (simulated)" if self.simulated else "")

    @property
    def place(self) -> Place:
        return Place(account_id=self.account_id, region=self.region)


OpenSession = Callable[[str, dict[str, Any]], Awaitable[dict[str, str] | None]]
"""Container instance ARN and what the session is to do -> what the client needs to join it."""


async def no_session(container_instance_arn: str, what: dict[str, Any]) -> dict[str, str] | None:
    """Where containers run no programs."""
    return None


class Call(msgspec.Struct, frozen=True):
    """One request's surroundings. Handlers know nothing of HTTP."""

    store: Store
    clock: Clock
    ids: Ids
    settings: Settings
    caller_arn: str
    log_events: LogEvents
    registry: ImageRegistry
    open_session: OpenSession = no_session

    @property
    def place(self) -> Place:
        return self.settings.place
