"""What a task takes and what it is born with."""

from __future__ import annotations

import pytest

from shipway.model.resources import Reservation
from shipway.model.snapshot import AddressPool
from shipway.scheduler.addresses import NoAddressLeft, mac_address, next_address
from shipway.scheduler.birth import Birth, new_task
from shipway.scheduler.requirements import reservation_of
from shipway.seams import SeededIds
from tests.builders import CLUSTER, START_MS, a_container_definition, a_task_definition, an_instance

TWO = [
    {"name": "a", "cpu": 100, "memory": 300, "memoryReservation": 200},
    {
        "name": "b",
        "memory": 50,
        "portMappings": [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 81}],
    },
]


@pytest.mark.parametrize(
    ("body", "overrides", "reservation"),
    [
        ({"containerDefinitions": TWO}, None, Reservation(100, 250, (8080,))),
        (
            {"containerDefinitions": TWO, "cpu": "512", "memory": "1 GB"},
            None,
            Reservation(512, 1024, (8080,)),
        ),
        ({"containerDefinitions": TWO, "networkMode": "awsvpc"}, None, Reservation(100, 250)),
        ({"containerDefinitions": TWO, "networkMode": "host"}, None, Reservation(100, 250, (81, 8080))),
        ({"containerDefinitions": TWO}, {"cpu": ".25 vCPU"}, Reservation(256, 250, (8080,))),
        (
            {"containerDefinitions": TWO},
            {"containerOverrides": [{"name": "b", "cpu": 10, "memory": 60}]},
            Reservation(110, 260, (8080,)),
        ),
        (
            {
                "containerDefinitions": [
                    {
                        "name": "g",
                        "portMappings": [{"hostPort": 53, "containerPort": 53, "protocol": "udp"}],
                        "resourceRequirements": [{"type": "GPU", "value": "2"}],
                    }
                ]
            },
            None,
            Reservation(0, 0, (), (53,), 2),
        ),
    ],
)
def test_reservation(
    body: dict[str, object], overrides: dict[str, object] | None, reservation: Reservation
) -> None:
    """Task-level figures win over sums, overrides over the definition; dynamic ports reserve nothing."""
    assert reservation_of(body, overrides) == reservation


def a_birth(**members: object) -> Birth:
    defaults = {"task_definition": a_task_definition(), "cluster_arn": CLUSTER, "created_at": START_MS}
    return Birth(**{**defaults, **members})  # type: ignore[arg-type]


def test_bridge_task_is_born_pending() -> None:
    """A placed bridge task has no interface, is PENDING, and carries its containers with their own ARNs."""
    definition = a_task_definition(
        1,
        a_container_definition(healthCheck={"command": ["CMD", "true"]}),
        a_container_definition("log", essential=False, healthCheck={"command": ["NONE"]}, memory=64),
    )
    task, _ = new_task(a_birth(task_definition=definition), an_instance(), AddressPool(), SeededIds(1))
    assert (task.last_status, task.desired_status, task.interface) == ("PENDING", "RUNNING", None)
    assert (task.group, task.cpu, task.memory) == ("family:web", "512", "192")
    assert [(c.name, c.essential, c.has_health_check) for c in task.containers] == [
        ("web", True, True),
        ("log", False, False),
    ]
    assert len({c.container_arn for c in task.containers}) == 2
    assert task.availability_zone == "us-east-1a"


def test_awsvpc_task_has_its_address_from_birth() -> None:
    """An awsvpc task is PROVISIONING, with one address, a MAC derived from it, and its zone's subnet."""
    network = {"awsvpcConfiguration": {"subnets": ["subnet-local-a", "subnet-local-b"]}}
    birth = a_birth(task_definition=a_task_definition(networkMode="awsvpc"), network_configuration=network)
    task, pool = new_task(birth, an_instance(2), AddressPool(), SeededIds(1))
    assert task.interface is not None and task.last_status == "PROVISIONING"
    assert task.interface.private_ipv4_address == "10.47.0.4"
    assert task.interface.mac_address == "02:42:0a:2f:00:04"
    assert task.interface.subnet_id == "subnet-local-b"
    assert len(task.interface.eni_id) == len("eni-") + 17
    assert next_address(pool)[0] == "10.47.0.5"


def test_unplaced_fargate_task() -> None:
    """Without an instance a task is PROVISIONING and has no zone; Fargate's platform is 1.4.0."""
    birth = a_birth(launch_type="FARGATE", platform_version="LATEST")
    task, _ = new_task(birth, None, AddressPool(), SeededIds(1))
    assert (task.last_status, task.container_instance_arn, task.availability_zone) == (
        "PROVISIONING",
        None,
        None,
    )
    assert task.platform_version == "1.4.0"


def test_addresses_go_round() -> None:
    """The search goes on after the last address given, wraps, skips taken ones, and says when it is full."""
    pool = AddressPool("10.0.0.0/29")
    assert next_address(pool)[0] == "10.0.0.4"
    assert next_address(AddressPool("10.0.0.0/29", 1 << 4, "10.0.0.6"))[0] == "10.0.0.5"
    full = AddressPool("10.0.0.0/29", 0b111 << 4, "10.0.0.6")
    with pytest.raises(NoAddressLeft, match="no free address left: 3 awsvpc tasks"):
        next_address(full)
    assert mac_address("10.0.255.1") == "02:42:0a:00:ff:01"
