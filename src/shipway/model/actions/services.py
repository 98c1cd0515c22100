"""Actions on a service itself: its events, its steady state, its end."""

from __future__ import annotations

from shipway.model.actions.action import Action


class EmitEvent(Action, frozen=True, kw_only=True):
    """A sentence in the service's events. With `cause`, it is told once while the cause stands."""

    service_arn: str
    event_id: str
    message: str
    cause: str | None = None

    def text(self) -> str:
        return f"event {self.message}"


class ClearCause(Action, frozen=True, kw_only=True):
    """A cause that was told is over: should it come back, it is told again."""

    service_arn: str
    cause: str

    def text(self) -> str:
        return f"over: {self.cause}"


class SetSteady(Action, frozen=True, kw_only=True):
    """The service enters its steady state, or leaves it."""

    service_arn: str
    steady: bool

    def text(self) -> str:
        return "steady" if self.steady else "not steady"


class SetRebalancing(Action, frozen=True, kw_only=True):
    """Availability Zone rebalancing begins, for this desired count; or is over (None)."""

    service_arn: str
    desired_count: int | None

    def text(self) -> str:
        return "rebalancing is over" if self.desired_count is None else "rebalance"


class ScaleService(Action, frozen=True, kw_only=True):
    """Service auto scaling sets the desired count, as UpdateService would."""

    service_arn: str
    desired_count: int

    def text(self) -> str:
        return f"scale {self.service_arn.rsplit('/', 1)[-1]} to {self.desired_count}"


class CloseService(Action, frozen=True, kw_only=True):
    """A DRAINING service whose tasks are gone becomes INACTIVE."""

    service_arn: str

    def text(self) -> str:
        return f"close {self.service_arn.rsplit('/', 1)[-1]}"
