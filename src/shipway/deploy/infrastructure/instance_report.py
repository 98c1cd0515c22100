"""A container instance as people ask for it."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.deploy.planning.counting import several
from shipway.deploy.planning.references import shorter

Members = dict[str, Any]


class InstanceReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """CPU in units (1024 a core), memory in MiB; `left` is what no task has reserved."""

    arn: str
    ec2_instance: str
    status: str
    connected: bool
    zone: str
    running_tasks: int
    pending_tasks: int
    cpu: int
    cpu_left: int
    memory: int
    memory_left: int
    capacity_provider: str | None = None

    def text(self) -> str:
        agent = "" if self.connected else ", agent not connected"
        return (
            f"{shorter(self.arn)} {self.ec2_instance} {self.zone} {self.status}{agent}: "
            f"{several(self.running_tasks, 'task')} running, {self.pending_tasks} pending, "
            f"{self.cpu_left} of {self.cpu} CPU units and {self.memory_left} of {self.memory} MiB left"
        )


def report_of(instance: Members) -> InstanceReport:
    attributes = {found["name"]: found.get("value") for found in instance.get("attributes") or ()}
    have, left = _amounts(instance, "registeredResources"), _amounts(instance, "remainingResources")
    return InstanceReport(
        arn=str(instance["containerInstanceArn"]),
        ec2_instance=str(instance.get("ec2InstanceId") or "-"),
        status=str(instance["status"]),
        connected=bool(instance.get("agentConnected")),
        zone=str(attributes.get("ecs.availability-zone") or "-"),
        running_tasks=int(instance.get("runningTasksCount", 0)),
        pending_tasks=int(instance.get("pendingTasksCount", 0)),
        cpu=have.get("CPU", 0),
        cpu_left=left.get("CPU", 0),
        memory=have.get("MEMORY", 0),
        memory_left=left.get("MEMORY", 0),
        capacity_provider=instance.get("capacityProviderName"),
    )


def _amounts(instance: Members, member: str) -> dict[str, int]:
    return {str(found["name"]): int(found.get("integerValue") or 0) for found in instance.get(member) or ()}
