"""Whether a task fits on container instances, and what is missing: the arithmetic of ECS's reservations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shipway.deploy.planning.references import shorter

Members = dict[str, Any]

UNITS = {"CPU": "CPU units", "MEMORY": "MiB of memory"}


@dataclass(frozen=True)
class Needs:
    """What one task reserves on its instance."""

    cpu: int
    memory: int
    ports: tuple[str, ...]


@dataclass(frozen=True)
class Shortfall:
    """What one instance lacks; `missing` is empty when the task fits."""

    instance: str
    missing: tuple[tuple[str, int, int], ...]
    ports: tuple[str, ...]

    @property
    def fits(self) -> bool:
        return not self.missing and not self.ports


def needs_of(definition: Members) -> Needs:
    containers = definition.get("containerDefinitions") or []
    cpu = definition.get("cpu") or sum(int(container.get("cpu") or 0) for container in containers)
    memory = definition.get("memory") or sum(
        int(container.get("memoryReservation") or container.get("memory") or 0) for container in containers
    )
    ports: list[str] = []
    if definition.get("networkMode") != "awsvpc":
        for container in containers:
            for mapping in container.get("portMappings") or []:
                port = mapping.get("hostPort")
                if definition.get("networkMode") == "host":
                    port = port or mapping.get("containerPort")
                if port:
                    ports.append(f"{port}/{mapping.get('protocol', 'tcp')}")
    return Needs(_amount(cpu), _amount(memory), tuple(ports))


def shortfall(needs: Needs, instance: Members, resources: str = "remainingResources") -> Shortfall:
    """Against what is left on the instance, or (`registeredResources`) against all that it has."""
    have = {found["name"]: found for found in instance.get(resources) or ()}
    missing = [
        (name, want, _integer(have.get(name)))
        for name, want in (("CPU", needs.cpu), ("MEMORY", needs.memory))
        if _integer(have.get(name)) < want
    ]
    taken = {f"{port}/tcp" for port in (have.get("PORTS") or {}).get("stringSetValue") or ()}
    taken |= {f"{port}/udp" for port in (have.get("PORTS_UDP") or {}).get("stringSetValue") or ()}
    return Shortfall(
        instance=_instance_name(instance),
        missing=tuple(missing),
        ports=tuple(port for port in needs.ports if port in taken),
    )


def closest(
    needs: Needs, instances: list[Members], resources: str = "remainingResources"
) -> Shortfall | None:
    """The instance that lacks least, in the share of what the task needs; None when there is no instance."""
    found = [shortfall(needs, instance, resources) for instance in instances]
    return min(found, key=_distance, default=None)


def never_fits(needs: Needs, instances: list[Members]) -> Shortfall | None:
    """The nearest miss when no instance could hold the task even if it were empty."""
    active = [found for found in instances if found.get("status", "ACTIVE") == "ACTIVE"]
    nearest = closest(needs, active, "registeredResources")
    return None if nearest is None or nearest.fits else nearest


def sentence(gap: Shortfall, count: int) -> str:
    """Which resource, how much is missing, on which instance it was closest."""
    parts = [
        f"lacks {want - have} {UNITS[name]} (the task needs {want}, there are {have})"
        for name, want, have in gap.missing
    ]
    parts += [f"has port {port} taken" for port in gap.ports]
    who = f"container instance {gap.instance}"
    return f"{f'The closest of {count}, {who},' if count > 1 else f'The only {who}'} {' and '.join(parts)}."


def on_instances(definition: Members, service: Members) -> bool:
    """Whether such tasks go to the cluster's container instances; Fargate's capacity has no bounds."""
    fargate = definition.get("requiresCompatibilities") == ["FARGATE"]
    return not (fargate or service.get("launchType") == "FARGATE" or service.get("capacityProviderStrategy"))


def _distance(gap: Shortfall) -> tuple[float, str]:
    lacking = sum((want - have) / want for _, want, have in gap.missing)
    return lacking + len(gap.ports), gap.instance


def _instance_name(instance: Members) -> str:
    arn = str(instance.get("containerInstanceArn", ""))
    machine = instance.get("ec2InstanceId")
    return f"{shorter(arn)} ({machine})" if machine else shorter(arn)


def _integer(resource: Members | None) -> int:
    return int((resource or {}).get("integerValue") or 0)


def _amount(value: Any) -> int:
    text = str(value).lower().replace(" ", "")
    for unit in ("vcpu", "gb"):
        if text.endswith(unit):
            return int(float(text[: -len(unit)]) * 1024)
    return int(text or 0)
