"""Managed daemons: one task on each container instance of some capacity providers, before all others."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from shipway.model.arn import short_name
from shipway.model.record import Document, Record
from shipway.model.service import DeploymentAlarms


class DaemonDeploymentConfiguration(msgspec.Struct, frozen=True, omit_defaults=True):
    drain_percent: float = 25.0  # of the instances at a time, one at least
    bake_time_ms: int = 0  # after each batch
    alarms: DeploymentAlarms = DeploymentAlarms()


class Daemon(Record, frozen=True, kw_only=True):
    key_member: ClassVar[str] = "daemon_arn"
    indexes: ClassVar[tuple[str, ...]] = ("cluster_arn",)

    daemon_arn: str
    cluster_arn: str
    status: str = "ACTIVE"  # or DELETE_IN_PROGRESS
    revision_arn: str  # what its instances are to run
    deployment_arn: str  # the most recent one
    created_at: int = 0
    updated_at: int = 0
    client_token: str | None = None
    request_digest: str = ""
    tags: tuple[Document, ...] = ()

    @property
    def daemon_name(self) -> str:
        return short_name(self.daemon_arn)

    @property
    def group(self) -> str:
        return f"daemon:{self.daemon_name}"


class DaemonRevision(Record, frozen=True, kw_only=True):
    """What a daemon deployment rolls out. Immutable, but for the books of its roll-out."""

    key_member: ClassVar[str] = "daemon_revision_arn"
    indexes: ClassVar[tuple[str, ...]] = ("daemon_arn",)

    daemon_revision_arn: str
    daemon_arn: str
    cluster_arn: str
    daemon_task_definition_arn: str
    capacity_provider_arns: tuple[str, ...] = ()
    created_at: int = 0
    critical: bool = True  # without its task an instance is of no use to anybody else
    propagate_tags: str = "NONE"
    enable_ecs_managed_tags: bool = False
    enable_execute_command: bool = False

    failures_since: int = 0  # failed tasks that stopped before this moment no longer count
    start_failures_since: int = 0  # the same for the back-off
    completed_at: int | None = None  # when it was last rolled out: the rollback candidate is the latest

    @property
    def deployment_id(self) -> str:
        """What its tasks are started by."""
        return f"ecs-daemon/{short_name(self.daemon_revision_arn)}"

    @property
    def provider_names(self) -> frozenset[str]:
        return frozenset(short_name(arn) for arn in self.capacity_provider_arns)


class DaemonDeployment(Record, frozen=True, kw_only=True):
    """One attempt to bring every instance of a daemon to a revision; to none when the daemon is deleted."""

    key_member: ClassVar[str] = "daemon_deployment_arn"
    indexes: ClassVar[tuple[str, ...]] = ("daemon_arn",)

    daemon_deployment_arn: str
    daemon_arn: str
    cluster_arn: str
    target_revision_arn: str | None
    source_revision_arns: tuple[str, ...] = ()
    status: str = "PENDING"
    status_reason: str | None = None
    configuration: DaemonDeploymentConfiguration = DaemonDeploymentConfiguration()
    created_at: int = 0
    started_at: int | None = None
    stopped_at: int | None = None
    finished_at: int | None = None
    circuit_breaker_status: str = "MONITORING"
    failure_count: int = 0
    alarms_status: str = "DISABLED"
    alarms_ignored: tuple[str, ...] = ()  # in ALARM when it began
    alarms_triggered: tuple[str, ...] = ()
    rollback_reason: str | None = None
    rollback_started_at: int | None = None
    rollback_revision_arn: str | None = None

    @property
    def in_progress(self) -> bool:
        return self.status in ("PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_IN_PROGRESS")
