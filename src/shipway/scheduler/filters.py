"""Why an instance cannot take a task: ordered checks; the first that fails is the reason, in ECS's words."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from shipway.model.record import Document
from shipway.model.resources import Reservation
from shipway.model.snapshot import InstanceView
from shipway.model.task_definition import TaskDefinition
from shipway.scheduler.constraints import DISTINCT_INSTANCE, constraint_miss

TASK_ENI = "ecs.capability.task-eni"
EXTERNAL = "ecs.capability.external"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a task asks of its instance."""

    task_definition: TaskDefinition
    reservation: Reservation
    group: str
    constraints: tuple[Document, ...] = ()  # the task definition's and the request's
    strategies: tuple[Document, ...] = ()
    launch_type: str = "EC2"
    needs_interface: bool = False


class Miss(msgspec.Struct, frozen=True):
    """A failed check: ECS's reason, what exactly, and how far off."""

    reason: str
    detail: str
    short_by: int = 0


Check = Callable[[InstanceView, Wanted], Miss | None]


def agent(view: InstanceView, wanted: Wanted) -> Miss | None:
    return None if view.instance.agent_connected else Miss("AGENT", "its agent is not connected")


def launch_type(view: InstanceView, wanted: Wanted) -> Miss | None:
    """Machines outside AWS run tasks of their own launch type, and nothing else."""
    external = EXTERNAL in view.instance.all_attributes
    if external == (wanted.launch_type == "EXTERNAL"):
        return None
    return Miss("ATTRIBUTE", f"it lacks {EXTERNAL}" if not external else "it takes launch type EXTERNAL only")


def constraints(view: InstanceView, wanted: Wanted) -> Miss | None:
    found = constraint_miss(view, constraints_of(wanted), wanted.group)
    return Miss(*found) if found else None


def constraints_of(wanted: Wanted) -> tuple[Document, ...]:
    """Fargate's instances are nobody's to choose."""
    return () if wanted.launch_type == "FARGATE" else wanted.constraints


def attributes(view: InstanceView, wanted: Wanted) -> Miss | None:
    missing = attributes_missing(view, wanted)
    return Miss("ATTRIBUTE", f"it lacks {', '.join(missing)}", len(missing)) if missing else None


def attributes_missing(view: InstanceView, wanted: Wanted) -> list[str]:
    """Required ones that the instance does not have, or has with another value."""
    required = [*wanted.task_definition.requires_attributes, *([TASK_ENI] if wanted.needs_interface else [])]
    missing = []
    has = view.instance.all_attributes if required else {}
    for attribute in required:
        name, asked, value = attribute.partition("=")
        if name not in has or (asked and has[name] != value):
            missing.append(attribute)
    return missing


def cpu(view: InstanceView, wanted: Wanted) -> Miss | None:
    return short("RESOURCE:CPU", "CPU units", wanted.reservation.cpu, view.remaining.cpu)


def memory(view: InstanceView, wanted: Wanted) -> Miss | None:
    return short("RESOURCE:MEMORY", "MiB", wanted.reservation.memory, view.remaining.memory)


def ports(view: InstanceView, wanted: Wanted) -> Miss | None:
    taken = [
        *(f"{port}/tcp" for port in wanted.reservation.ports_tcp if port in view.remaining.ports_tcp),
        *(f"{port}/udp" for port in wanted.reservation.ports_udp if port in view.remaining.ports_udp),
    ]
    return Miss("RESOURCE:PORTS", f"{', '.join(taken)} in use", len(taken)) if taken else None


def gpus(view: InstanceView, wanted: Wanted) -> Miss | None:
    return short("RESOURCE:GPU", "GPUs", wanted.reservation.gpus, len(view.remaining.gpu_ids))


def short(reason: str, unit: str, asked: int, left: int) -> Miss | None:
    if asked <= max(left, 0):
        return None
    return Miss(reason, f"{asked - left} {unit} short ({asked} needed, {left} left)", asked - left)


CHECKS: tuple[Check, ...] = (agent, launch_type, constraints, attributes, cpu, memory, ports, gpus)
"""ECS's order. An instance that fails late was nearer to fitting than one that fails early."""

RESOURCE_CHECKS: tuple[Check, ...] = (agent, attributes, cpu, memory, ports, gpus)
"""StartTask's: whoever names the instance is asked for neither launch type nor constraints."""


def held_by_tasks(reason: str) -> bool:
    """Whether what an instance lacks may come when a task on it ends."""
    return reason == DISTINCT_INSTANCE or reason.startswith("RESOURCE:")


def first_miss(
    view: InstanceView, wanted: Wanted, checks: tuple[Check, ...] = CHECKS
) -> tuple[int, Miss] | None:
    """The first check that fails, with its rank in the order."""
    for rank, check in enumerate(checks):
        miss = check(view, wanted)
        if miss is not None:
            return rank, miss
    return None
