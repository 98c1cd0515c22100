"""`shipway why --all`: which services of a cluster are not well, why, and in how many calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from shipway.cli.main import main
from shipway.deploy.cluster_look import CALLS_MAX, DEPLOYMENTS_MAX, SERVICES_MAX, why_cluster
from shipway.deploy.edge.aws import Aws, Where, open_aws
from shipway.deploy.edge.ecs import Ecs
from shipway.deploy.planning.cluster_report import ClusterSeen, trouble_of
from shipway.testing import LocalEcs, local_ecs

from .fake_aws import Members, ScriptedCalls, refuse
from .fakes import World

PLACED = (
    "(service far) was unable to place a task because no container instance met all of its requirements. "
    "Reason: No Container Instances were found in your cluster."
)


def a_service(
    name: str, running: int = 2, desired: int = 2, rollout: str = "COMPLETED", **members: Any
) -> Members:
    return {
        "serviceName": name,
        "status": "ACTIVE",
        "runningCount": running,
        "desiredCount": desired,
        "deployments": [{"status": "PRIMARY", "rolloutState": rollout}],
        "events": [],
        **members,
    }


def a_task(name: str, group: str, at_s: float = 100.0, code: int = 1, **members: Any) -> Members:
    return {
        "taskArn": f"arn:aws:ecs:us-east-1:000000000000:task/shop/{name}",
        "taskDefinitionArn": "arn:aws:ecs:us-east-1:000000000000:task-definition/job:3",
        "lastStatus": "STOPPED",
        "group": group,
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "stoppedAt": at_s,
        "containers": [{"name": "web", "exitCode": code, "lastStatus": "STOPPED"}],
        **members,
    }


def event(message: str, at_s: float = 50.0) -> Members:
    return {"id": message, "message": message, "createdAt": at_s}


def test_the_worst_comes_first() -> None:
    """Down before failed before short before failing; then by the cause's place in a task's life."""
    services = (
        a_service("fine"),
        a_service("asleep", 0, 0),
        a_service("coming", 0, 2, "IN_PROGRESS"),
        a_service("flaky"),
        a_service("far", 1, 3, events=[event(PLACED)]),
        a_service("short", 2, 3),
        a_service("undone", rollout="FAILED"),
        a_service("crashing", 0, 2, "IN_PROGRESS"),
        a_service("gone", 0, 0, status="DRAINING"),
    )
    stopped = (
        a_task("a" * 32, "service:flaky"),
        a_task("b" * 32, "service:crashing", code=2),
        a_task("c" * 32, "service:crashing", code=2),
        a_task("d" * 32, "family:job", code=3),
        a_task("e" * 32, "family:job", code=0),
    )
    assert trouble_of("shop", ClusterSeen(services, stopped)).text().splitlines() == [
        "shop: 5 of 8 services not well, 1 deploying (coming)",
        "  down     crashing  0 of 2 running  SC501  container web exits with code 2 (2 tasks)",
        "  failed   undone  2 of 2 running  no cause found yet",
        "  short    far  1 of 3 running  SC301  the cluster has no container instance",
        "  short    short  2 of 3 running  no cause found yet",
        "  failing  flaky  2 of 2 running  SC501  container web exits with code 1 (1 task)",
        "tasks of no service that failed:",
        "  job:3  SC501  container web exits with code 3 (1 task: dddddddd)",
        "More: shipway why -s shop/crashing",
    ]


def test_what_was_over_at_the_last_steady_state_does_not_count() -> None:
    """Neither its tasks nor its events; what came after does."""
    steady = event("(service web) has reached a steady state.", 90.0)
    before = a_service("web", events=[steady, event(PLACED, 80.0)])
    found = trouble_of("shop", ClusterSeen((before,), (a_task("a" * 32, "service:web", at_s=85.0),)))
    assert found.text() == "shop: no service of 1 is unwell"
    found = trouble_of("shop", ClusterSeen((before,), (a_task("a" * 32, "service:web", at_s=95.0),)))
    assert [one.state.name for one in found.services] == ["FAILING"]


class Large(ScriptedCalls):
    """A cluster without end, of which nothing is well and nothing says why."""

    def __init__(self, services: int, stopped: int) -> None:
        super().__init__()
        self.names, self.stopped = [f"s{index}" for index in range(services)], stopped
        self.answers = {
            "ListServices": lambda members: self.page("serviceArns", self.names, members),
            "DescribeServices": self.described,
            "ListTasks": lambda members: self.page(
                "taskArns", [f"t{n}" for n in range(self.stopped)], members
            ),
            "DescribeTasks": lambda members: {
                "tasks": [a_task(name, "family:job") for name in members["tasks"]]
            },
            "DescribeServiceDeployments": lambda members: {"serviceDeployments": []},
        }

    @staticmethod
    def page(member: str, names: list[str], members: Members) -> Members:
        start = int(members.get("nextToken", 0))
        more = {"nextToken": str(start + 100)} if start + 100 < len(names) else {}
        return {member: names[start : start + 100], **more}

    def described(self, members: Members) -> Members:
        assert len(members["services"]) <= 10
        balancer: Members = {"loadBalancers": [{"targetGroupArn": "arn:group"}]}
        balancer["currentServiceDeployment"] = "arn:1"
        return {"services": [a_service(name, 1, 2, **balancer) for name in members["services"]]}


def looked_at(ecs: Large) -> tuple[World, Aws]:
    world = World()
    world.elbv2.answers["DescribeTargetHealth"] = lambda members: {"TargetHealthDescriptions": []}
    return world, replace(world.aws, ecs=Ecs(ecs, "shop"))


def test_calls_are_bounded_and_what_was_left_out_is_said() -> None:
    """However large the cluster is."""
    ecs = Large(2_000, 2_000)
    world, aws = looked_at(ecs)
    found = why_cluster(aws)
    assert len(ecs.asked) + len(world.elbv2.asked) == CALLS_MAX == 75
    assert found.unread == ("more than 500 services", "more than 300 tasks that stopped")
    assert len(found.services) == SERVICES_MAX
    assert len(ecs.requests("DescribeServiceDeployments")) == DEPLOYMENTS_MAX // 20


def test_what_may_not_be_read_is_said() -> None:
    """The services are what it is about; the rest only adds to them."""
    ecs = Large(3, 0)
    ecs.answers["ListTasks"] = refuse("AccessDeniedException")
    _, aws = looked_at(ecs)
    found = why_cluster(aws)
    assert len(found.services) == 3
    assert [said.partition(":")[0] for said in found.unread] == ["the tasks that stopped"]


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalEcs]:
    with local_ecs() as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


def made(ecs: LocalEcs, name: str, count: int = 1, memory: int = 64) -> None:
    container = {"name": "web", "image": name, "memory": memory, "essential": True}
    client = ecs.client("ecs")
    client.register_task_definition(family=name, containerDefinitions=[container])
    client.create_service(serviceName=name, taskDefinition=name, desiredCount=count)


def test_on_a_local_ecs(ecs: LocalEcs, capsys: pytest.CaptureFixture[str]) -> None:
    """One service is well, one never pulls its image, one finds no room; a task outside of them crashes."""
    ecs.containers.script("absent", pull_error="CannotPullContainerError: manifest unknown: not found")
    ecs.containers.script("job", runs_ms=10, exit_code=7)
    for name, memory in (("good", 64), ("absent", 64), ("giant", 100_000)):
        made(ecs, name, memory=memory)
    client = ecs.client("ecs")
    container = {"name": "job", "image": "job", "memory": 64, "essential": True}
    client.register_task_definition(family="job", containerDefinitions=[container])
    client.run_task(taskDefinition="job", count=2)
    ecs.clock.advance(seconds=30)
    found = why_cluster(open_aws(Where(), "default"))
    causes = [(one.service, one.state.name, one.cause.code if one.cause else "") for one in found.services]
    assert causes == [("absent", "DOWN", "SC101"), ("giant", "DOWN", "SC303")]
    assert [(one.group, one.cause.exit_code, len(one.tasks)) for one in found.loose] == [("job:1", 7, 2)]
    assert main(["why", "--all", "--cluster", "default"]) == 0
    assert capsys.readouterr().out.startswith("default: 2 of 3 services not well\n  down     absent")


def test_a_cluster_that_does_not_exist_is_said(ecs: LocalEcs, capsys: pytest.CaptureFixture[str]) -> None:
    """And --all leaves no place for a task."""
    assert main(["why", "--all", "--cluster", "nowhere"]) == 1
    assert "The cluster 'nowhere' does not exist" in capsys.readouterr().err
    assert main(["why", "--all", "0123"]) == 2
