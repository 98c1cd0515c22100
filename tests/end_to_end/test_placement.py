"""RunTask places where it can, and says for each container instance why it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from tests.end_to_end.local_ecs import Document, LocalEcs

pytestmark = pytest.mark.docker

SLEEPER = {
    "name": "main",
    "command": ["sleep", "600"],
    "linuxParameters": {"initProcessEnabled": True},
}


def placed(
    local: LocalEcs, definition: str, count: int, **members: Any
) -> tuple[list[Document], list[Document]]:
    """The tasks once they run, and the failures. They are told to stop."""
    answer = local.ecs.run_task(taskDefinition=definition, count=count, **members)
    arns = [task["taskArn"] for task in answer["tasks"]]
    tasks = [local.until(arn, lambda task: task["lastStatus"] == "RUNNING") for arn in arns]
    for arn in arns:
        local.ecs.stop_task(task=arn)
    return tasks, answer["failures"]


def instances_of(tasks: list[Document]) -> set[str]:
    return {task["containerInstanceArn"] for task in tasks}


def test_static_port_must_be_had_once_an_instance(local: LocalEcs) -> None:
    """Three instances, three tasks; the fourth is refused for the port, by each."""
    fixed = {**SLEEPER, "portMappings": [{"containerPort": 80, "hostPort": 18080}]}
    tasks, failures = placed(local, local.register("fixed", fixed), count=4)
    assert len(instances_of(tasks)) == 3
    assert {task["containers"][0]["networkBindings"][0]["hostPort"] for task in tasks} == {18080}
    assert {failure["reason"] for failure in failures} == {"RESOURCE:PORTS"}
    assert {failure["arn"] for failure in failures} == instances_of(tasks)


def test_distinct_instances_must_be_distinct(local: LocalEcs) -> None:
    """One task an instance; the fourth finds none."""
    tasks, failures = placed(
        local,
        local.register("distinct", SLEEPER),
        count=4,
        placementConstraints=[{"type": "distinctInstance"}],
    )
    assert len(tasks) == len(instances_of(tasks)) == 3
    assert failures


def test_member_of_must_choose_the_instance(local: LocalEcs) -> None:
    """By an attribute; where no instance matches, nothing is placed and a failure says so."""
    definition = local.register("chosen", SLEEPER)

    def in_zone(zone: str) -> list[dict[str, str]]:
        return [{"type": "memberOf", "expression": f"attribute:ecs.availability-zone == {zone}"}]

    tasks, failures = placed(local, definition, 2, placementConstraints=in_zone("us-east-1b"))
    assert [task["availabilityZone"] for task in tasks] == ["us-east-1b"] * 2
    assert failures == []
    tasks, failures = placed(local, definition, 1, placementConstraints=in_zone("us-east-1z"))
    assert tasks == []
    assert failures
