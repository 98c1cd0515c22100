"""When two task definitions are the same, and what differs when they are not."""

from __future__ import annotations

from typing import Any

from shipway.deploy.planning.canonical import covers, same
from shipway.deploy.planning.difference import differences

WRITTEN: dict[str, Any] = {
    "family": "hello",
    "cpu": "1 vCPU",
    "memory": "2 GB",
    "networkMode": "bridge",
    "containerDefinitions": [
        {
            "name": "web",
            "image": "hello:1",
            "portMappings": [{"containerPort": 80}],
            "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
            "healthCheck": {"command": ["CMD", "true"]},
        }
    ],
}
# As DescribeTaskDefinition answers: defaults filled in, read-only members added.
DESCRIBED: dict[str, Any] = {
    "taskDefinitionArn": "arn:aws:ecs:us-east-1:000000000000:task-definition/hello:7",
    "family": "hello",
    "revision": 7,
    "status": "ACTIVE",
    "cpu": "1024",
    "memory": "2048",
    "volumes": [],
    "placementConstraints": [],
    "compatibilities": ["EC2"],
    "registeredAt": 1.0,
    "containerDefinitions": [
        {
            "name": "web",
            "image": "hello:1",
            "cpu": 0,
            "essential": True,
            "portMappings": [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}],
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            "mountPoints": [],
            "volumesFrom": [],
            "healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3},
        }
    ],
}


def changed(**members: Any) -> dict[str, Any]:
    container = {**DESCRIBED["containerDefinitions"][0], **members}
    return {**DESCRIBED, "containerDefinitions": [container]}


def test_defaults_and_order_make_no_difference() -> None:
    """What ECS fills in is not a change, so no revision is burnt."""
    assert same(WRITTEN, DESCRIBED)
    assert differences(WRITTEN, DESCRIBED) == ()


def test_changes_are_named_by_container_and_member() -> None:
    """One line a change, old and new."""
    new = changed(image="hello:2", memory=64, environment=[{"name": "A", "value": "9"}])
    assert differences(WRITTEN, new) == (
        "web.environment.A: 1 -> 9",
        "web.environment.B removed (was 2)",
        "web.image: hello:1 -> hello:2",
        "web.memory added: 64",
    )


def test_awsvpc_port_is_its_own_host_port() -> None:
    """In awsvpc mode ECS answers with both ports equal."""
    written = {"networkMode": "awsvpc", "containerDefinitions": [{"portMappings": [{"containerPort": 80}]}]}
    described = {
        "networkMode": "awsvpc",
        "containerDefinitions": [
            {"portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}]}
        ],
    }
    assert same(written, described)


def test_wish_is_covered_when_everything_in_it_is_so() -> None:
    """The live service may have more; the order of plain names means nothing."""
    live = {"a": {"b": 1, "c": 2}, "subnets": ["x", "y"], "list": [{"k": 1, "more": 2}]}
    assert covers(live, {"a": {"b": 1}, "subnets": ["y", "x"], "list": [{"k": 1}]})
    assert not covers(live, {"a": {"b": 2}})
    assert not covers(live, {"list": [{"k": 1}, {"k": 2}]})
    assert covers({}, {"list": []})
