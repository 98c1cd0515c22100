"""The instance's own ledger: which tasks hold resources, and which wait their turn. Pure.

As Amazon's agent does it: first come, first served; a task that does not fit waits and holds back every
later one. Tasks of launch type FARGATE are outside the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from shipway.agent.log_destination import docker_part
from shipway.agent.task_state import NONE, STOPPED, TaskState
from shipway.agent.wire import ContainerPayload

MIB = 1048576


class Capacity(msgspec.Struct, frozen=True):
    cpu: int
    memory_mib: int


class Claim(msgspec.Struct, frozen=True):
    cpu: int = 0
    memory_mib: int = 0
    ports: frozenset[str] = frozenset()


def claim_of(task: TaskState) -> Claim:
    payload = task.payload
    cpu = round(payload.cpu * 1024) if payload.cpu else sum(container.cpu for container in payload.containers)
    memory = payload.memory or sum(_memory_of(container) for container in payload.containers)
    if task.network_mode not in ("bridge", "host"):
        return Claim(cpu, memory)
    ports = [
        f"{mapping.host_port}/{mapping.protocol or 'tcp'}"
        for container in payload.containers
        for mapping in container.port_mappings or ()
        if mapping.host_port
    ]
    return Claim(cpu, memory, frozenset(ports))


def _memory_of(container: ContainerPayload) -> int:
    soft = docker_part(container, "host_config").get("MemoryReservation") or 0
    return int(soft) // MIB or (container.memory or 0)


def begun(task: TaskState) -> bool:
    return any(
        container.phase != NONE or container.busy or container.log_busy for container in task.containers
    )


def waiting(tasks: Iterable[TaskState], capacity: Capacity) -> dict[str, str]:
    """Why each task that may not begin yet may not, by ARN."""
    counted = sorted(
        (task for task in tasks if task.payload.launch_type != "FARGATE"), key=lambda task: task.order
    )
    free = [task for task in counted if begun(task) and task.status != STOPPED]
    cpu = capacity.cpu - sum(claim_of(task).cpu for task in free)
    memory = capacity.memory_mib - sum(claim_of(task).memory_mib for task in free)
    ports = frozenset(port for task in free for port in claim_of(task).ports)
    reasons: dict[str, str] = {}
    for task in counted:
        if begun(task) or task.stopping:
            continue
        if reasons:
            reasons[task.arn] = "waits behind an earlier task"
            continue
        claim = claim_of(task)
        reason = _shortage(claim, cpu, memory, ports)
        if reason:
            reasons[task.arn] = reason
            continue
        cpu, memory, ports = cpu - claim.cpu, memory - claim.memory_mib, ports | claim.ports
    return reasons


def _shortage(claim: Claim, cpu: int, memory: int, ports: frozenset[str]) -> str:
    if claim.cpu > cpu:
        return f"waits for {claim.cpu - cpu} CPU units"
    if claim.memory_mib > memory:
        return f"waits for {claim.memory_mib - memory} MiB of memory"
    taken = sorted(claim.ports & ports)
    return f"waits for port {taken[0]}" if taken else ""
