"""Tasks: one-shot. Their spec is copied at birth, `last_status` moves forward only, they are replaced and
never restarted.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from shipway.model.arn import short_name
from shipway.model.last_status import BEFORE_RUNNING, RUNNING, STOPPED
from shipway.model.record import Document, Record
from shipway.model.resources import Reservation

EXEC_AGENT = "ExecuteCommandAgent"
"""The managed agent of ECS Exec."""


class Container(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One container of a task, as last reported."""

    container_arn: str
    name: str
    image: str
    last_status: str = "PENDING"
    essential: bool = True
    has_health_check: bool = False
    exit_code: int | None = None
    reason: str | None = None
    health_status: str = "UNKNOWN"
    runtime_id: str | None = None
    image_digest: str | None = None
    network_bindings: tuple[Document, ...] = ()
    cpu: int = 0
    memory: int | None = None
    memory_reservation: int | None = None
    managed_agents: tuple[Document, ...] = ()
    gpus: int = 0  # so many it asks for; it gets them with its container instance
    gpu_ids: tuple[str, ...] = ()


def with_gpus(containers: tuple[Container, ...], free: tuple[str, ...]) -> tuple[Container, ...]:
    """Each with the GPUs that it asks for, the first that are free."""
    given = []
    for container in containers:
        own, free = free[: container.gpus], free[container.gpus :]
        given.append(msgspec.structs.replace(container, gpu_ids=own) if own else container)
    return tuple(given)


class NetworkInterface(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The address of an awsvpc task: the same in attachments, target group and metadata."""

    attachment_id: str
    eni_id: str
    mac_address: str
    private_ipv4_address: str
    subnet_id: str
    status: str = "PRECREATED"


class Task(Record, frozen=True, kw_only=True):
    key_member: ClassVar[str] = "task_arn"
    indexes: ClassVar[tuple[str, ...]] = (
        "cluster_arn",
        "service_arn",
        "daemon_arn",
        "container_instance_arn",
        "deployment_id",
        "unplaced",
        "network_address",
        "attachment_id",
    )

    task_arn: str
    cluster_arn: str
    task_definition_arn: str
    created_at: int
    last_status: str = "PENDING"
    desired_status: str = "RUNNING"
    launch_type: str = "EC2"
    group: str = ""
    started_by: str | None = None
    service_arn: str | None = None
    daemon_arn: str | None = None  # the managed daemon's
    deployment_id: str | None = None  # "ecs-svc/N" of a service, "ecs-daemon/N" of a managed daemon
    container_instance_arn: str | None = None
    capacity_provider_name: str | None = None
    availability_zone: str | None = None
    reservation: Reservation = Reservation()
    containers: tuple[Container, ...] = ()
    interface: NetworkInterface | None = None
    overrides: Document = {}
    network_configuration: Document | None = None
    placement_constraints: tuple[Document, ...] = ()
    placement_strategy: tuple[Document, ...] = ()
    tags: tuple[Document, ...] = ()
    cpu: str = "0"
    memory: str = "0"
    enable_execute_command: bool = False
    platform_version: str | None = None
    version: int = 1
    connectivity_at: int | None = None
    pull_started_at: int | None = None
    pull_stopped_at: int | None = None
    started_at: int | None = None
    healthy_at: int | None = None  # since when every check that counts says healthy; None while not
    stopping_at: int | None = None
    execution_stopped_at: int | None = None
    stopped_at: int | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None
    client_token: str | None = None
    protected_until: int | None = None
    daemon: bool = False  # one on each instance: the first to start there, the last to be stopped

    @property
    def task_id(self) -> str:
        return short_name(self.task_arn)

    @property
    def stopped(self) -> bool:
        return self.last_status == STOPPED

    @property
    def live(self) -> bool:
        """Counts for its service: meant to run, and not past RUNNING."""
        return self.desired_status == "RUNNING" and (
            self.last_status == RUNNING or self.last_status in BEFORE_RUNNING
        )

    @property
    def running(self) -> bool:
        return self.last_status == RUNNING

    @property
    def pending(self) -> bool:
        return self.desired_status == "RUNNING" and self.last_status in BEFORE_RUNNING

    @property
    def unplaced(self) -> str | None:
        """The cluster in which it waits for a container instance, for the index; None once placed."""
        waiting = self.container_instance_arn is None and not self.stopped
        return self.cluster_arn if waiting else None

    @property
    def network_address(self) -> str | None:
        """The address it holds, for the index; None once it is given back."""
        return self.interface.private_ipv4_address if self.interface and not self.stopped else None

    @property
    def attachment_id(self) -> str | None:
        """Its interface's, by which agents report on attachments, for the index; None once it is over."""
        return self.interface.attachment_id if self.interface and not self.stopped else None

    @property
    def gpu_ids(self) -> tuple[str, ...]:
        return tuple(gpu_id for container in self.containers for gpu_id in container.gpu_ids)

    @property
    def health_status(self) -> str:
        """ECS's rule: essential containers with a health check decide; UNHEALTHY beats UNKNOWN beats
        HEALTHY.
        """
        statuses = [c.health_status for c in self.containers if c.essential and c.has_health_check]
        if "UNHEALTHY" in statuses:
            return "UNHEALTHY"
        return "HEALTHY" if statuses and all(status == "HEALTHY" for status in statuses) else "UNKNOWN"

    @property
    def has_health_check(self) -> bool:
        return bool([c for c in self.containers if c.essential and c.has_health_check])
