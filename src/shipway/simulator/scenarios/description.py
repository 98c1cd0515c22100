"""A scenario as a value: a fleet, services, what happens to them. Its members are the file's keys. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from shipway.model.capacity_provider import FARGATE_PROVIDERS


class Seconds(float):
    """A length of time; written as 90s, 10m, 1h."""


class Span:
    """A length of time that is drawn for each task between two bounds; written as 5s or 5s..20s."""

    def __init__(self, low_s: float, high_s: float) -> None:
        self.low_s = low_s
        self.high_s = high_s


AT_ONCE = Span(0, 0)


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """A capacity provider over an Auto Scaling group: its instances come when tasks wait, and go again."""

    name: str
    min_size: int = 0
    max_size: int = 10
    instance_start: Span = Span(60, 120)
    managed_scaling: bool = True
    target_capacity: int = 100
    minimum_scaling_step_size: int = 1
    maximum_scaling_step_size: int = 10_000
    instance_warmup_period: Seconds = Seconds(300)


class Machines(msgspec.Struct, frozen=True, kw_only=True):
    """Container instances of one size, over their zones in turn; or a group of them."""

    count: int = 1
    zones: tuple[str, ...] = ("a", "b", "c")
    cpu: int = 2048
    memory: int = 4096
    attributes: dict[str, str] = {}
    capacity_provider: Provider | None = None

    @property
    def provider(self) -> Provider:
        assert self.capacity_provider is not None, "these machines are a fixed fleet"
        return self.capacity_provider


class StrategyItem(msgspec.Struct, frozen=True, kw_only=True):
    """Of a capacity provider strategy. Who names a provider means it: the weight is 1 unless said."""

    capacity_provider: str
    base: int = 0
    weight: int = 1


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """What the tasks of a revision are like."""

    cpu: int = 256
    memory: int = 512
    pull: Span = AT_ONCE
    start: Span = AT_ONCE
    healthy_after: Span = AT_ONCE
    stop: Span = AT_ONCE
    exits_after: Span | None = None
    exit_code: int = 1
    fails_after: Span | None = None
    never_healthy: bool = False
    pull_error: str = ""
    failing_percent: int = 100  # of the tasks have the trouble of the five above


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """A lifecycle hook: a function that takes its time and says yes or no, or a pause."""

    lifecycle_stages: tuple[str, ...]
    target_type: str = "AWS_LAMBDA"
    takes: Span = AT_ONCE
    fails: bool = False
    timeout: Seconds | None = None
    timeout_action: str = "ROLLBACK"


class Service(Behaviour, frozen=True, kw_only=True):
    name: str
    revision: str = "v1"
    desired_count: int = 1
    load_balancer: bool = False
    health_check: bool = False
    deregistration_delay: Seconds = Seconds(300)
    health_check_grace_period: Seconds = Seconds(0)
    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    circuit_breaker: bool = False
    alarms: tuple[str, ...] = ()
    bake_time: Seconds | None = None
    strategy: str = "ROLLING"
    test_listener: bool = False
    step_percent: float | None = None
    step_bake_time: Seconds | None = None
    canary_percent: float | None = None
    canary_bake_time: Seconds | None = None
    lifecycle_hooks: tuple[Hook, ...] = ()
    launch_type: str = ""
    capacity_provider_strategy: tuple[StrategyItem, ...] = ()
    provision: Span = AT_ONCE  # what Fargate needs before it pulls the image
    placement_strategy: tuple[dict[str, str], ...] = ()
    placement_constraints: tuple[dict[str, str], ...] = ()

    @property
    def fargate(self) -> bool:
        providers = {item.capacity_provider for item in self.capacity_provider_strategy}
        return self.launch_type == "FARGATE" or not providers.isdisjoint(FARGATE_PROVIDERS)


class Deploy(msgspec.Struct, frozen=True, kw_only=True):
    """A new revision; what is not said is as in the service."""

    service: str
    revision: str
    cpu: int | None = None
    memory: int | None = None
    pull: Span | None = None
    start: Span | None = None
    healthy_after: Span | None = None
    stop: Span | None = None
    exits_after: Span | None = None
    exit_code: int | None = None
    fails_after: Span | None = None
    never_healthy: bool | None = None
    pull_error: str | None = None
    failing_percent: int | None = None

    def behaviour(self, service: Service) -> Behaviour:
        own = {name: getattr(self, name) for name in Behaviour.__struct_fields__}
        said = {name: value for name, value in own.items() if value is not None}
        return Behaviour(**{name: getattr(service, name) for name in own} | said)


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    service: str
    desired_count: int


class Crash(msgspec.Struct, frozen=True, kw_only=True):
    """So many running tasks, drawn, end with this exit code."""

    service: str
    tasks: int = 1
    exit_code: int = 137


class SpotInterruption(msgspec.Struct, frozen=True, kw_only=True):
    """FARGATE_SPOT takes so many running tasks back, drawn: they are told to stop."""

    service: str
    tasks: int = 1


class StopDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """StopServiceDeployment of the one in progress."""

    service: str
    stop_type: str = "ROLLBACK"


class ContinueDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """ContinueServiceDeployment: every hook that pauses is answered."""

    service: str
    action: str = "CONTINUE"


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happens, `at` so long after all services were steady."""

    at: Seconds
    deploy: Deploy | None = None
    scale: Scale | None = None
    crash: Crash | None = None
    spot_interruption: SpotInterruption | None = None
    stop_deployment: StopDeployment | None = None
    continue_deployment: ContinueDeployment | None = None
    zone_dies: str | None = None
    zone_returns: str | None = None
    instance_dies: int | None = None
    instance_returns: int | None = None
    drain: int | None = None
    activate: int | None = None
    alarm: str | None = None
    alarm_ends: str | None = None

    @property
    def verbs(self) -> Iterator[tuple[str, Any]]:
        """What it says; one in a scenario that makes sense."""
        for name in VERBS:
            if getattr(self, name) is not None:
                yield name, getattr(self, name)


VERBS = tuple(name for name in Happening.__struct_fields__ if name != "at")


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    services: tuple[Service, ...]
    fleet: tuple[Machines, ...] = ()
    happenings: tuple[Happening, ...] = ()
    seed: int = 1
    checks_notice_after: Span = Span(1, 10)
    ends_within: Seconds = Seconds(3600)

    @property
    def fixed(self) -> tuple[Machines, ...]:
        return tuple(machines for machines in self.fleet if machines.capacity_provider is None)

    @property
    def groups(self) -> tuple[Machines, ...]:
        return tuple(machines for machines in self.fleet if machines.capacity_provider is not None)

    @property
    def instances(self) -> int:
        """Of the fixed fleet."""
        return sum(machines.count for machines in self.fixed)

    @property
    def fargate(self) -> bool:
        return any(service.fargate for service in self.services)

    @property
    def alarms(self) -> set[str]:
        return {name for service in self.services for name in service.alarms}

    @property
    def zones(self) -> set[str]:
        return {zone for machines in self.fleet for zone in machines.zones}
