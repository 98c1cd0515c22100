"""Services: what the user wants kept running."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from shipway.model.arn import cluster_name_of, short_name
from shipway.model.event import Event
from shipway.model.record import Document, Record
from shipway.model.traffic_shift import CanaryConfiguration, LifecycleHook, LinearConfiguration


class CircuitBreaker(msgspec.Struct, frozen=True, omit_defaults=True):
    enable: bool = False
    rollback: bool = False
    reset_on_healthy_task: bool = True
    threshold_type: str = "BOUNDED_PERCENT"
    threshold_value: int = 50


class DeploymentAlarms(msgspec.Struct, frozen=True, omit_defaults=True):
    """CloudWatch alarms that fail a deployment when one of them goes to ALARM while it runs."""

    enable: bool = False
    rollback: bool = False
    names: tuple[str, ...] = ()


class EarlySuccess(msgspec.Struct, frozen=True, omit_defaults=True):
    """A deployment that succeeds before all its tasks are healthy; the rest follows in the background."""

    enable: bool = False
    healthy_percent: int = 100
    cleanup: str = "BLOCKING"  # or DEFERRED: source tasks are removed after the success


class DeploymentConfiguration(msgspec.Struct, frozen=True, omit_defaults=True):
    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    circuit_breaker: CircuitBreaker = CircuitBreaker()
    alarms: DeploymentAlarms = DeploymentAlarms()
    strategy: str = "ROLLING"
    early_success: EarlySuccess = EarlySuccess()
    bake_time_ms: int | None = None  # None: nothing said; then only alarms ask for one
    linear: LinearConfiguration | None = None  # with LINEAR only
    canary: CanaryConfiguration | None = None  # with CANARY only
    lifecycle_hooks: tuple[LifecycleHook, ...] = ()
    verbatim: Document = {}  # every other member, echoed


class Service(Record, frozen=True, kw_only=True):
    key_member: ClassVar[str] = "service_arn"
    indexes: ClassVar[tuple[str, ...]] = ("cluster_arn",)

    service_arn: str
    cluster_arn: str
    status: str = "ACTIVE"
    desired_count: int = 0
    created_at: int = 0
    created_by: str = ""
    client_token: str | None = None
    request_digest: str = ""  # of CreateService's members: the same again is the same service
    revision_arn: str = ""  # of the PRIMARY deployment or task set; empty while there is no such task set
    service_deployment_arn: str | None = None  # the one in progress
    deployment_configuration: DeploymentConfiguration = DeploymentConfiguration()
    scheduling_strategy: str = "REPLICA"
    deployment_controller: str = "ECS"
    health_check_grace_period_s: int = 0
    placement_constraints: tuple[Document, ...] = ()
    placement_strategy: tuple[Document, ...] = ()
    availability_zone_rebalancing: str = "ENABLED"
    enable_ecs_managed_tags: bool = False
    enable_execute_command: bool = False
    propagate_tags: str = "NONE"
    role_arn: str | None = None
    events: tuple[Event, ...] = ()
    steady_at: int | None = None  # since when it is in a steady state; None when it is not
    told_at: dict[str, int] = {}  # causes that stand, and when an event told of each last
    rebalancing: int | None = None  # the desired count for which zones are being balanced; None when not
    tags: tuple[Document, ...] = ()

    @property
    def service_name(self) -> str:
        return short_name(self.service_arn)

    @property
    def cluster_name(self) -> str:
        return cluster_name_of(self.service_arn)
