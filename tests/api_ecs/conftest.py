"""A fresh ECS for each test, and the things most tests begin with."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_ecs.agents import register
from tests.api_ecs.front import Ecs


@pytest.fixture
def ecs() -> Ecs:
    """An ECS with the default cluster and nothing in it."""
    ecs = Ecs()
    ecs("CreateCluster")
    return ecs


@pytest.fixture
def instance(ecs: Ecs) -> dict[str, Any]:
    """One connected container instance in the default cluster."""
    return register(ecs)


@pytest.fixture
def web(ecs: Ecs) -> str:
    """The ARN of a small task definition with one container and one dynamic port."""
    answer = ecs(
        "RegisterTaskDefinition",
        family="web",
        containerDefinitions=[
            {"name": "web", "image": "busybox", "memory": 64, "portMappings": [{"containerPort": 80}]}
        ],
    )
    return str(answer["taskDefinition"]["taskDefinitionArn"])
