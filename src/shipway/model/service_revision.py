"""Service revisions (immutable), and the deployment of each: the entry in `service.deployments[]`."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from shipway.model.arn import short_name
from shipway.model.record import Document, Record


class LoadBalancerBinding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of `loadBalancers`: which container port is registered with which target group."""

    target_group_arn: str
    container_name: str
    container_port: int
    verbatim: Document = {}


class ServiceRevision(Record, frozen=True, kw_only=True):
    """What a deployment rolls out. Its number is the deployment's: `ecs-svc/N`."""

    key_member: ClassVar[str] = "service_revision_arn"
    indexes: ClassVar[tuple[str, ...]] = ("service_arn",)

    service_revision_arn: str
    service_arn: str
    cluster_arn: str
    task_definition_arn: str
    created_at: int
    launch_type: str = "EC2"
    capacity_provider_strategy: tuple[Document, ...] = ()
    platform_version: str | None = None
    network_configuration: Document | None = None
    load_balancers: tuple[LoadBalancerBinding, ...] = ()
    verbatim: Document = {}  # serviceRegistries, volumeConfigurations, ...: kept and echoed

    # The deployment of this revision, as `service.deployments[]` tells it.
    updated_at: int = 0
    rollout_state: str = "IN_PROGRESS"
    rollout_state_reason: str = ""
    desired_count: int = 0
    failures_since: int = 0  # failed tasks that stopped before this moment no longer count
    start_failures_since: int = 0  # the same for the back-off
    completed_at: int | None = None  # when it last completed: the rollback candidate is the latest
    image_digests: dict[str, str] = {}  # container name -> digest, as its first task resolved it

    @property
    def deployment_id(self) -> str:
        return f"ecs-svc/{short_name(self.service_revision_arn)}"


class ServiceDeployment(Record, frozen=True, kw_only=True):
    """One attempt to bring a service from its source revisions to a target revision."""

    key_member: ClassVar[str] = "service_deployment_arn"
    indexes: ClassVar[tuple[str, ...]] = ("service_arn",)

    service_deployment_arn: str
    service_arn: str
    cluster_arn: str
    target_revision_arn: str
    source_revision_arns: tuple[str, ...] = ()
    status: str = "PENDING"
    status_reason: str | None = None
    created_at: int = 0
    started_at: int | None = None
    finished_at: int | None = None
    stopped_at: int | None = None
    updated_at: int = 0
    deployment_configuration: Document = {}
    rollback_reason: str | None = None
    rollback_started_at: int | None = None
    rollback_revision_arn: str | None = None
    circuit_breaker_status: str = "DISABLED"
    failure_count: int = 0
    alarms_status: str = "DISABLED"
    alarms_ignored: tuple[str, ...] = ()  # were in ALARM already when it began
    alarms_triggered: tuple[str, ...] = ()
    stop_type: str | None = None  # what StopServiceDeployment asked for

    @property
    def strategy(self) -> str:
        """The one stored when it was created: a later change of the service's does not reach it."""
        return str(self.deployment_configuration.get("strategy") or "ROLLING")

    @property
    def in_progress(self) -> bool:
        return self.status in (
            "PENDING",
            "IN_PROGRESS",
            "STOP_REQUESTED",
            "ROLLBACK_REQUESTED",
            "ROLLBACK_IN_PROGRESS",
        )
