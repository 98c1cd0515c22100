"""GPUs: counted on the instance, given to containers by id, refused by reason, free again at the end."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.instances.payload import compile_task
from shipway.instances.settings import PayloadSettings
from shipway.instances.support import refusals
from shipway.model.container_instance import ContainerInstance
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from tests.api_ecs.agents import register, registration, report
from tests.api_ecs.front import Ecs

GPUS = ("GPU-1", "GPU-2", "GPU-3")


def an_instance_with_gpus(ecs: Ecs) -> str:
    resources = [
        *registration()["totalResources"],
        {"name": "GPU", "type": "STRINGSET", "stringSetValue": list(GPUS)},
    ]
    devices = [{"id": gpu_id, "type": "GPU"} for gpu_id in GPUS]
    instance = register(ecs, totalResources=resources, platformDevices=devices)
    return str(instance["containerInstanceArn"])


def define(ecs: Ecs, count: int) -> None:
    wish = [{"type": "GPU", "value": str(count)}]
    containers = [
        {"name": "train", "image": "busybox", "memory": 64, "resourceRequirements": wish},
        {"name": "side", "image": "busybox", "memory": 64},
    ]
    ecs("RegisterTaskDefinition", family="train", containerDefinitions=containers)


def left(ecs: Ecs, instance_arn: str) -> list[str]:
    wire = ecs("DescribeContainerInstances", containerInstances=[instance_arn])["containerInstances"][0]
    by_name = {resource["name"]: resource for resource in wire["remainingResources"]}
    return list(by_name["GPU"]["stringSetValue"])


def gpu_ids(task: dict[str, Any]) -> dict[str, list[str] | None]:
    return {container["name"]: container.get("gpuIds") for container in task["containers"]}


def test_gpus_are_given_by_id_and_come_back(ecs: Ecs) -> None:
    """Two tasks never share one; who finds too few is refused; a task that stops gives its own back."""
    ecs("CreateCluster")
    instance_arn = an_instance_with_gpus(ecs)
    define(ecs, 2)
    first = ecs("RunTask", taskDefinition="train")["tasks"][0]
    assert gpu_ids(first) == {"train": ["GPU-1", "GPU-2"], "side": None}
    assert left(ecs, instance_arn) == ["GPU-3"]
    refused = ecs("RunTask", taskDefinition="train")
    assert [(f["reason"], f["detail"]) for f in refused["failures"]] == [
        ("RESOURCE:GPU", "1 GPUs short (2 needed, 1 left)")
    ]
    report(ecs, first, "STOPPED")
    second = ecs("RunTask", taskDefinition="train")["tasks"][0]
    assert gpu_ids(second)["train"] == ["GPU-1", "GPU-2"]


def test_the_agent_is_told_which(ecs: Ecs) -> None:
    """The payload has one association a GPU, as Amazon's agent reads it, and nothing is refused."""
    ecs("CreateCluster")
    an_instance_with_gpus(ecs)
    define(ecs, 1)
    arn = ecs("RunTask", taskDefinition="train")["tasks"][0]["taskArn"]
    state = ecs.store.state
    task, (instance,) = state.get(Task, arn), state.all(ContainerInstance)
    assert task is not None
    definition = state.get(TaskDefinition, task.task_definition_arn)
    assert definition is not None
    assert refusals(definition) == ()
    payload = compile_task(task, definition, instance, PayloadSettings())
    assert payload["associations"] == [
        {
            "name": "GPU-1",
            "type": "gpu",
            "containers": ["train"],
            "content": {"encoding": "base64", "value": "R1BVLTE="},
        }
    ]


def test_other_accelerators_are_refused_by_name(ecs: Ecs) -> None:
    """A resource that nobody would attach is named in the task's stopped reason."""
    containers = [
        {
            "name": "web",
            "image": "busybox",
            "memory": 64,
            "resourceRequirements": [{"type": "InferenceAccelerator", "value": "eia"}],
        }
    ]
    answer = ecs("RegisterTaskDefinition", family="eia", containerDefinitions=containers)
    definition = ecs.store.state.get(TaskDefinition, answer["taskDefinition"]["taskDefinitionArn"])
    assert definition is not None
    assert refusals(definition)[0].startswith("Container web: the resource InferenceAccelerator")


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "all", "\u00b2"])
def test_a_number_of_gpus_is_whole(ecs: Ecs, value: str) -> None:
    """In a definition and in an override: otherwise placement would have nothing to count."""
    ecs("CreateCluster")
    an_instance_with_gpus(ecs)
    define(ecs, 1)
    wish = [{"type": "GPU", "value": value}]
    container = {"name": "web", "image": "busybox", "memory": 64, "resourceRequirements": wish}
    told = "The number of GPUs must be a whole number"
    ecs.refused(
        "RegisterTaskDefinition", "ClientException", told, family="web", containerDefinitions=[container]
    )
    overrides = {"containerOverrides": [{"name": "train", "resourceRequirements": wish}]}
    ecs.refused("RunTask", "ClientException", told, taskDefinition="train", overrides=overrides)
