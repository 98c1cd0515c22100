"""`shipway local` with the simulated engine, as its user has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3

from shipway.local.folder import DataFolder
from shipway.local.ports import free_pair_after, free_port

DEADLINE_S = 60


class Simulated:
    """The command line with a data folder of its own, on a machine where no Docker Engine answers."""

    def __init__(self, data: Path) -> None:
        self.folder = DataFolder(data)
        self.clients: list[Any] = []
        self.port = str(free_pair_after(free_port() % 20_000 + 20_000))
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SHIPWAY_"))
        }
        self.environment = {**kept, "SHIPWAY_DATA": str(data), "DOCKER_HOST": "unix:///nowhere/docker.sock"}

    def __call__(self, *arguments: str, exit_code: int = 0) -> str:
        command = [sys.executable, "-m", "shipway.cli.main", *arguments]
        finished = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )
        assert finished.returncode == exit_code, finished.stdout + finished.stderr
        return finished.stdout + finished.stderr

    def up(self) -> str:
        return self("local", "up", "--engine", "simulated", "--port", self.port, "--instances", "2")

    def status(self) -> Any:
        return json.loads(self("local", "status", "-o", "json"))

    def client(self, service: str) -> Any:
        endpoint = self.folder.read_endpoint()
        assert endpoint is not None
        client = boto3.session.Session().client(
            service,  # type: ignore[call-overload]
            region_name=endpoint.region,
            endpoint_url=endpoint.endpoint_url,
            aws_access_key_id=endpoint.access_key_id,
            aws_secret_access_key=endpoint.secret_access_key,
        )
        self.clients.append(client)
        return client


def register(ecs: Any, labels: dict[str, str] | None = None) -> Any:
    container = {"name": "web", "image": "shop/web:1", "memory": 128, "dockerLabels": labels or {}}
    return ecs.register_task_definition(family="web", containerDefinitions=[container])["taskDefinition"]
