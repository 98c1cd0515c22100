"""Targets: who is registered with a target group, where it is really reached, and how it is."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from shipway.model.record import Record

INITIAL = "initial"
HEALTHY = "healthy"
UNHEALTHY = "unhealthy"
DRAINING = "draining"
UNUSED = "unused"

# Reason codes and the texts that Elastic Load Balancing gives with them.
REGISTRATION_IN_PROGRESS = ("Elb.RegistrationInProgress", "Target registration is in progress")
INITIAL_HEALTH_CHECKING = ("Elb.InitialHealthChecking", "Initial health checks in progress")
DEREGISTRATION_IN_PROGRESS = ("Target.DeregistrationInProgress", "Target deregistration is in progress")
NOT_IN_USE = (
    "Target.NotInUse",
    "Target group is not configured to receive traffic from the load balancer",
)
NOT_REGISTERED = ("Target.NotRegistered", "Target is not registered to the target group")


class Target(Record, frozen=True, kw_only=True):
    """`target_id` and `port` are what AWS shows; `address` and `address_port` are where it answers."""

    indexes: ClassVar[tuple[str, ...]] = ("target_group_arn", "task_arn")

    target_group_arn: str
    target_id: str  # i-... or an IP address
    port: int
    address: str
    address_port: int
    availability_zone: str = ""
    task_arn: str | None = None
    state: str = INITIAL
    reason: str = REGISTRATION_IN_PROGRESS[0]
    description: str = REGISTRATION_IN_PROGRESS[1]
    registered_at: int
    state_since: int  # since when it is in this state
    draining_until: int | None = None

    @property
    def key(self) -> str:
        return target_key(self.target_group_arn, self.target_id, self.port)


def target_key(target_group_arn: str, target_id: str, port: int) -> str:
    return f"{target_group_arn}|{target_id}|{port}"


def in_state(target: Target, state: str, why: tuple[str, str], now_ms: int) -> Target:
    """The target in a state with its reason code and text; the moment stays when the state does."""
    return msgspec.structs.replace(
        target,
        state=state,
        reason=why[0],
        description=why[1],
        state_since=target.state_since if target.state == state else now_ms,
    )


def deregistering(target: Target, delay_ms: int, now_ms: int) -> Target:
    """The target as it drains: no new requests, those in flight may end. Draining already: no change."""
    if target.state == DRAINING:
        return target
    draining = in_state(target, DRAINING, DEREGISTRATION_IN_PROGRESS, now_ms)
    return msgspec.structs.replace(draining, draining_until=now_ms + delay_ms)
