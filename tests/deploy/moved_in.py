"""A simulated ECS in which a service runs as its source describes it, and what a plan says of its import."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipway.deploy.application.reading import read_application
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.edge.aws import Where, open_aws
from shipway.deploy.moving_in import MovedIn, move_in
from shipway.deploy.opening import Choices
from shipway.deploy.plan import plan_application
from shipway.testing import LocalEcs, local_ecs

Members = dict[str, Any]


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalEcs]:
    """A simulated ECS that this process's own environment names."""
    with local_ecs() as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


def run_service(ecs: LocalEcs, cluster: str, definition: Members, service: Members) -> None:
    client = ecs.client("ecs")
    client.create_cluster(clusterName=cluster)
    client.register_task_definition(**definition)
    client.create_service(cluster=cluster, taskDefinition=definition["family"], **service)


def imported(folder: Path, source: Path, **choices: Any) -> MovedIn:
    return move_in(str(source), Choices(**choices), folder)


def plan_of(folder: Path, images: dict[str, str] | None = None, environment: str | None = None) -> str:
    application = read_application(folder / "shipway.yml", environment)
    aws = open_aws(Where(region=application.region), application.cluster)
    return plan_application(application, aws, DeployOptions(images=images or {})).text().splitlines()[0]
