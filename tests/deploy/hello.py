"""The application that most deployments in these tests are of, and its deployment against the fakes."""

from __future__ import annotations

from typing import Any

from shipway.deploy.application.application import Application, Image
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.deployment import deploy

from .fakes import World

PORT = [{"containerPort": 80}]


def application(**members: Any) -> Application:
    defaults: dict[str, Any] = {
        "name": "hello",
        "cluster": "hello",
        "images": {"web": Image(args={"VERSION": "1"})},
        "task_definition": {
            "family": "hello",
            "containerDefinitions": [{"name": "web", "memory": 64, "portMappings": PORT}],
        },
        "service": {"serviceName": "hello", "desiredCount": 3},
        "folder": "/nowhere",
    }
    return Application(**{**defaults, **members})


def deployed(world: World, tag: str = "1", **options: Any) -> Any:
    return deploy(application(), world.aws, world.tools, DeployOptions(tag=tag, **options))
