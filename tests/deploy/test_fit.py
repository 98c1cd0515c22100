"""Whether a task fits, and what is missing where."""

from __future__ import annotations

from typing import Any

from shipway.deploy.planning.fit import closest, needs_of, never_fits, sentence, shortfall


def instance(name: str, cpu: int, memory: int, ports: tuple[str, ...] = ("22",)) -> dict[str, Any]:
    return {
        "containerInstanceArn": f"arn:aws:ecs:r:a:container-instance/hello/{name}",
        "ec2InstanceId": f"i-{name}",
        "status": "ACTIVE",
        "remainingResources": [
            {"name": "CPU", "integerValue": cpu},
            {"name": "MEMORY", "integerValue": memory},
            {"name": "PORTS", "stringSetValue": list(ports)},
        ],
        "registeredResources": [
            {"name": "CPU", "integerValue": 2048},
            {"name": "MEMORY", "integerValue": 1000},
        ],
    }


def definition(**members: Any) -> dict[str, Any]:
    return {"containerDefinitions": [{"name": "web", "cpu": 256, "memory": 500, **members}]}


def test_needs_are_summed_as_ecs_does() -> None:
    """Task-level sizes win; a container's reservation wins over its limit; dynamic ports reserve nothing."""
    assert needs_of(definition(memoryReservation=100)).memory == 100
    assert needs_of({"cpu": ".5 vCPU", "memory": "1GB", **definition()}).cpu == 512
    assert needs_of(definition(portMappings=[{"containerPort": 80}])).ports == ()
    assert needs_of(definition(portMappings=[{"hostPort": 80}])).ports == ("80/tcp",)


def test_closest_instance_and_what_it_lacks_are_named() -> None:
    """Which resource, how much is missing, on which instance."""
    needs = needs_of(definition(memory=700))
    gap = closest(needs, [instance("aaaaaaaa", 100, 600), instance("bbbbbbbb", 2048, 650)])
    assert gap is not None
    assert sentence(gap, 2) == (
        "The closest of 2, container instance bbbbbbbb (i-bbbbbbbb), "
        "lacks 50 MiB of memory (the task needs 700, there are 650)."
    )


def test_taken_port_is_named() -> None:
    """A static port that another task holds is why the instance refuses."""
    needs = needs_of(definition(portMappings=[{"hostPort": 8080}]))
    assert shortfall(needs, instance("a", 2048, 1000, ("22", "8080"))).ports == ("8080/tcp",)


def test_full_instances_are_not_hopeless() -> None:
    """Only a task larger than every empty instance can never fit."""
    full = [instance("a", 0, 0)]
    assert never_fits(needs_of(definition()), full) is None
    assert never_fits(needs_of(definition(memory=1001)), full) is not None
    assert never_fits(needs_of(definition()), []) is None
