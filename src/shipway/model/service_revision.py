"""Service revisions (immutable), and the deployment of each: the entry in `service.deployments[]`."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from shipway.model.arn import short_name
from shipway.model.record import Document, Record
from shipway.model.traffic_shift import AWS_LAMBDA, TrafficShift


class AdvancedConfiguration(msgspec.Struct, frozen=True):
    """The other target group of a pair, and the listener rules whose weights choose between the two."""

    alternate_target_group_arn: str
    production_rule_arn: str
    test_rule_arn: str | None = None


class LoadBalancerBinding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of `loadBalancers`: which container port is registered with which target group."""

    target_group_arn: str
    container_name: str
    container_port: int
    verbatim: Document = {}

    @property
    def advanced(self) -> AdvancedConfiguration | None:
        given = self.verbatim.get("advancedConfiguration") or {}
        alternate, production = given.get("alternateTargetGroupArn"), given.get("productionListenerRule")
        if alternate is None or production is None:
            return None
        return AdvancedConfiguration(alternate, production, given.get("testListenerRule"))

    @property
    def pair(self) -> tuple[str, ...]:
        """The target groups between which deployments shift traffic; the one group when none do."""
        advanced = self.advanced
        return (
            (self.target_group_arn, advanced.alternate_target_group_arn)
            if advanced
            else (self.target_group_arn,)
        )


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
    service_names: tuple[str, ...] = ()  # under which its awsvpc tasks are found in the task network
    # Which target group of each entry's pair this revision uses; empty: those that are configured.
    resolved_target_groups: tuple[str, ...] = ()

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

    @property
    def bindings(self) -> tuple[LoadBalancerBinding, ...]:
        """The load balancers with the target groups that this revision's tasks are registered with."""
        if not self.resolved_target_groups:
            return self.load_balancers
        pairs = zip(self.load_balancers, self.resolved_target_groups, strict=True)
        return tuple(msgspec.structs.replace(entry, target_group_arn=arn) for entry, arn in pairs)


class ServiceDeployment(Record, frozen=True, kw_only=True):
    """One attempt to bring a service from its source revisions to a target revision."""

    key_member: ClassVar[str] = "service_deployment_arn"
    indexes: ClassVar[tuple[str, ...]] = ("service_arn", "asks_functions")

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
    shift: TrafficShift | None = None  # None with strategy ROLLING

    @property
    def strategy(self) -> str:
        """The one stored when it was created: a later change of the service's does not reach it."""
        return str(self.deployment_configuration.get("strategy") or "ROLLING")

    @property
    def asks_functions(self) -> bool | None:
        """Whether a function of a lifecycle hook has still to answer, for the index; None when none has."""
        runs = self.shift.current_runs if self.shift is not None and self.in_progress else ()
        return any(run.open and run.target_type == AWS_LAMBDA for run in runs) or None

    @property
    def in_progress(self) -> bool:
        return self.status in (
            "PENDING",
            "IN_PROGRESS",
            "STOP_REQUESTED",
            "ROLLBACK_REQUESTED",
            "ROLLBACK_IN_PROGRESS",
        )
