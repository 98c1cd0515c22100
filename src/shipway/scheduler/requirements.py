"""What one task takes on its container instance: the arithmetic of ECS's reservations."""

from __future__ import annotations

from shipway.model.record import Document
from shipway.model.resources import Reservation

CPU_UNITS_A_CORE = 1024
MIB_A_GIB = 1024


def reservation_of(definition_body: Document, overrides: Document | None = None) -> Reservation:
    """Task-level figures if there are any, else the containers' sums; overrides beat the definition."""
    overrides = overrides or {}
    containers = overridden_containers(definition_body, overrides)
    tcp, udp = host_ports(definition_body, containers)
    task_cpu = overrides.get("cpu") or definition_body.get("cpu")
    task_memory = overrides.get("memory") or definition_body.get("memory")
    return Reservation(
        cpu=cpu_units(task_cpu) or sum(int(container.get("cpu") or 0) for container in containers),
        memory=memory_mib(task_memory) or sum(reserved_memory(container) for container in containers),
        ports_tcp=tcp,
        ports_udp=udp,
        gpus=sum(gpus(container) for container in containers),
    )


def overridden_containers(definition_body: Document, overrides: Document | None) -> tuple[Document, ...]:
    """The container definitions with the members that RunTask's overrides replace."""
    by_name = {o.get("name"): o for o in (overrides or {}).get("containerOverrides") or []}
    replaced = ("cpu", "memory", "memoryReservation", "resourceRequirements")
    return tuple(
        {
            **container,
            **{
                member: value
                for member in replaced
                if (value := by_name.get(container.get("name"), {}).get(member)) is not None
            },
        }
        for container in definition_body.get("containerDefinitions") or []
    )


def reserved_memory(container: Document) -> int:
    return int(container.get("memoryReservation") or container.get("memory") or 0)


def gpus(container: Document) -> int:
    return sum(
        int(requirement.get("value") or 0)
        for requirement in container.get("resourceRequirements") or []
        if requirement.get("type") == "GPU"
    )


def host_ports(
    definition_body: Document, containers: tuple[Document, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Static ports of the instance, TCP and UDP. Dynamic ones, and those of awsvpc tasks, reserve nothing."""
    mode = definition_body.get("networkMode") or "bridge"
    ports: dict[str, set[int]] = {"tcp": set(), "udp": set()}
    if mode in ("bridge", "host"):
        for container in containers:
            for mapping in container.get("portMappings") or []:
                port = mapping.get("hostPort") or (mapping.get("containerPort") if mode == "host" else None)
                if port:
                    ports["udp" if mapping.get("protocol") == "udp" else "tcp"].add(int(port))
    return tuple(sorted(ports["tcp"])), tuple(sorted(ports["udp"]))


def cpu_units(text: object) -> int:
    """`"256"` or `"0.25 vCPU"`; 0 when nothing was said."""
    words = str(text or "0").lower().replace("vcpu", " vcpu").split()
    return round(float(words[0]) * (CPU_UNITS_A_CORE if "vcpu" in words else 1))


def memory_mib(text: object) -> int:
    """`"512"` or `"0.5 GB"`; 0 when nothing was said."""
    words = str(text or "0").lower().replace("gb", " gb").split()
    return round(float(words[0]) * (MIB_A_GIB if "gb" in words else 1))
