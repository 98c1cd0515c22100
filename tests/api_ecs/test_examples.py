"""botocore's own examples of ECS requests, in a world that has what they speak of."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.loaders import Loader

from shipway.api.errors import ApiError
from tests.api_ecs.agents import register
from tests.api_ecs.front import Ecs

EXAMPLES: dict[str, Any] = Loader().load_service_model("ecs", "examples-1")["examples"]
REFUSED = {
    "CreateService-1": "UnsupportedFeatureException",  # a Classic Load Balancer
    "DeregisterContainerInstance-0": "InvalidParameterException",  # its id is a placeholder
    "ListTagsForResource-0": "ResourceNotFoundException",  # so are region and account of these three
    "TagResource-0": "ResourceNotFoundException",
    "UntagResource-0": "ResourceNotFoundException",
}
WANTED = [
    pytest.param(operation, example, REFUSED.get(f"{operation}-{number}"), id=f"{operation}-{number}")
    for operation, examples in sorted(EXAMPLES.items())
    for number, example in enumerate(examples)
]


@pytest.fixture
def world(ecs: Ecs, instance: dict[str, Any]) -> Ecs:
    """The clusters, task definitions and the service that the examples name."""
    for name in ("my_cluster", "production"):
        ecs("CreateCluster", clusterName=name)
    for family in [*["hello_world"] * 8, "sleep360", "amazon-ecs-sample", "console-sample-app-static"]:
        mapping = {"containerPort": 80}
        container = {"name": "simple-app", "image": "busybox", "memory": 10, "portMappings": [mapping]}
        ecs("RegisterTaskDefinition", family=family, containerDefinitions=[container])
    ecs("CreateService", serviceName="my-http-service", taskDefinition="hello_world", desiredCount=0)
    register(ecs, 2)
    return ecs


@pytest.mark.parametrize(("operation", "example", "refused"), WANTED)
def test_examples_are_answered(
    world: Ecs, operation: str, example: dict[str, Any], refused: str | None
) -> None:
    """The answer has the shape, and every member that the example's answer shows."""
    members = example.get("input", {})
    if refused is not None:
        with pytest.raises(ApiError) as caught:
            world(operation, **members)
        assert caught.value.code == refused
        return
    answer = world(operation, **members)
    assert set(example.get("output", {})) <= set(answer)
