"""`shipway init --from CLUSTER/SERVICE`: files that a plan finds unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipway.deploy.application.reading import read_application
from shipway.deploy.errors import DeployError
from shipway.deploy.importing.running_service import ServiceSeen, import_running_service
from shipway.deploy.moving_in import MovedIn, move_in
from shipway.deploy.opening import Choices
from shipway.deploy.planning.scaling_bounds import Bounds
from shipway.testing import LocalEcs, local_ecs

Members = dict[str, Any]

CONTAINER: Members = {
    "name": "web",
    "image": "shop/web:1",
    "memory": 128,
    "portMappings": [{"containerPort": 80, "protocol": "tcp"}],
    "environment": [{"name": "PRICE", "value": "${not} a variable, $$5"}],
    "healthCheck": {"command": ["CMD-SHELL", "curl -f http://localhost"], "interval": 30},
}


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalEcs]:
    """A simulated ECS that this process's own environment names."""
    with local_ecs() as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


def running(ecs: LocalEcs, definition: Members, service: Members) -> None:
    client = ecs.client("ecs")
    client.register_task_definition(**{"family": "web", "containerDefinitions": [CONTAINER], **definition})
    client.create_service(**{"serviceName": "web", "taskDefinition": "web", **service})


def without_defaults(container: Members) -> Members:
    health = {key: value for key, value in container["healthCheck"].items() if key != "interval"}
    return {**container, "portMappings": [{"containerPort": 80}], "healthCheck": health}


SERVICES: dict[str, tuple[Members, Members]] = {
    "plain": ({}, {"desiredCount": 2}),
    "tagged": (
        {"tags": [{"key": "team", "value": "a"}]},
        {"tags": [{"key": "team", "value": "b"}], "desiredCount": 0},
    ),
    "awsvpc": (
        {"networkMode": "awsvpc", "cpu": "256", "memory": "512"},
        {
            "desiredCount": 1,
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        },
    ),
    "daemon": ({}, {"schedulingStrategy": "DAEMON"}),
    "placed": (
        {"volumes": [{"name": "data", "host": {"sourcePath": "/data"}}], "networkMode": "bridge"},
        {
            "desiredCount": 2,
            "placementStrategy": [{"type": "spread", "field": "attribute:ecs.availability-zone"}],
            "placementConstraints": [{"type": "distinctInstance"}],
            "enableExecuteCommand": True,
            "deploymentConfiguration": {
                "minimumHealthyPercent": 50,
                "maximumPercent": 150,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            },
            "availabilityZoneRebalancing": "DISABLED",
            "propagateTags": "SERVICE",
        },
    ),
}


@pytest.mark.parametrize("kind", SERVICES)
def test_a_plan_finds_nothing_to_change(ecs: LocalEcs, tmp_path: Path, kind: str) -> None:
    """What was written for ECS comes back out, and nothing of what ECS filled in."""
    definition, service = SERVICES[kind]
    running(ecs, definition, service)
    moved = move_in("default/web", Choices(), tmp_path)
    assert (moved.unchanged, moved.plan) == (True, ("plan: no changes, the files say what runs",))
    assert moved.files == ("shipway.yml", "ecs-task-def.json", "ecs-service-def.json")
    written = read_application(tmp_path / "shipway.yml", None, {})
    containers = [without_defaults(CONTAINER)]
    assert written.task_definition == {"family": "web", "containerDefinitions": containers, **definition}
    assert written.service == {"serviceName": "web", "launchType": "EC2", **service}


def test_the_next_step_is_where_the_service_is() -> None:
    """What came from local ECS is planned and deployed there, not at AWS."""
    moved = MovedIn("the service web", "/shop", ("shipway.yml",), (), (), True, (), "local")
    assert moved.text().endswith("Next: shipway plan -e local, then shipway deploy -e local")


def test_the_file_tells_where_it_comes_from(ecs: LocalEcs, tmp_path: Path) -> None:
    """A head of comments, and how to go on to building the image."""
    running(ecs, {}, {"desiredCount": 1})
    move_in("default/web", Choices(), tmp_path)
    assert (
        (tmp_path / "shipway.yml").read_text()
        == """\
# Made by `shipway init` from the service web of the cluster default, with web:1.
name: web
cluster: default
region: us-east-1
task_definition: ecs-task-def.json
service: ecs-service-def.json

# To have an image built, pushed and pinned by digest, name its container here:
# images:
#   web: .
"""
    )


def test_a_service_that_is_not_there_leaves_no_file(ecs: LocalEcs, tmp_path: Path) -> None:
    """The sentence names those that there are."""
    running(ecs, {}, {"desiredCount": 1})
    with pytest.raises(DeployError, match=r"There is no service 'wbe' .*\. Its services: web"):
        move_in("default/wbe", Choices(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def a_service(**members: Any) -> ServiceSeen:
    service = {
        "serviceName": "web",
        "taskDefinition": "arn:aws:ecs:eu-west-1:000000000000:task-definition/web:3",
        "desiredCount": 4,
        "deployments": [{"rolloutState": "COMPLETED"}],
    }
    seen: Members = {
        "cluster": "shop",
        "region": "eu-west-1",
        "service": {**service, **members.pop("service", {})},
        "service_tags": [],
        "task_definition": {"family": "web", "containerDefinitions": [CONTAINER]},
        "task_definition_tags": [],
        "revision": {},
    }
    return ServiceSeen(**{**seen, **members})


def test_a_count_under_auto_scaling_stays_out() -> None:
    """Else every deployment would reset it."""
    imported = import_running_service(a_service(bounds=Bounds(2, 8)))
    assert imported.service == {"serviceName": "web"}
    assert [item.text() for item in imported.not_carried] == [
        "desiredCount: Application Auto Scaling keeps it between 2 and 8 (now 4); it is left out, so that no "
        "deployment resets it."
    ]


def test_an_express_service_is_named_with_the_way_out() -> None:
    """Whoever deploys it otherwise must know who else does."""
    imported = import_running_service(a_service(service={"resourceManagementType": "ECS"}))
    [note] = imported.notes
    assert note.startswith("This is an Express service: ECS made its load balancer")
    assert "resourceManagementType" not in (imported.service or {})


def test_a_stack_s_service_is_named() -> None:
    """Two owners of a task definition undo each other's work; AWS's own tags are not ours to write."""
    tags = [{"key": "aws:cloudformation:stack-name", "value": "shop-prod"}, {"key": "team", "value": "a"}]
    imported = import_running_service(a_service(service_tags=tags))
    assert imported.notes[0].startswith("The service belongs to the CloudFormation stack shop-prod.")
    assert (imported.service or {})["tags"] == [{"key": "team", "value": "a"}]


def test_another_controller_is_not_carried() -> None:
    """It says how to move over."""
    seen = a_service(service={"deploymentController": {"type": "EXTERNAL"}}, revision=None)
    assert [item.what for item in import_running_service(seen).not_carried] == [
        "gatewayConnectors and monitoring",
        "the deployment controller EXTERNAL",
    ]


def test_what_the_revision_alone_shows_is_carried() -> None:
    """DescribeServices leaves it out, so a new service made from the files would lack it."""
    seen = a_service(revision={"monitoring": {"metricsGranularity": "20s"}})
    assert (import_running_service(seen).service or {})["monitoring"] == {"metricsGranularity": "20s"}


def test_where_code_deploy_deploys_the_primary_task_set_runs() -> None:
    """The service itself still shows what it was made with."""
    network = {"awsvpcConfiguration": {"subnets": ["subnet-2"]}}
    arn = "arn:aws:ecs:eu-west-1:000000000000:task-definition/web:7"
    primary = {"status": "PRIMARY", "taskDefinition": arn, "networkConfiguration": network}
    seen = a_service(
        service={
            "deploymentController": {"type": "CODE_DEPLOY"},
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
            "taskSets": [primary],
        }
    )
    imported = import_running_service(seen)
    assert (imported.service or {})["networkConfiguration"] == network
    assert imported.source.endswith("with web:7")
    assert imported.notes[0].startswith("CodeDeploy deploys this service.")
