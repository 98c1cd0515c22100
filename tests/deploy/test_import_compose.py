"""`shipway init --from compose.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shipway.deploy.application.env_file import env_file_pairs
from shipway.deploy.application.reading import read_application
from shipway.deploy.errors import DeployError
from shipway.deploy.importing.compose_values import mebibytes, port_mappings, seconds, words
from shipway.deploy.importing.source import Account
from shipway.testing import LocalEcs

from .moved_in import ecs, imported, plan_of, run_service

__all__ = ["ecs"]

COMPOSE = """\
name: shop
services:
  web:
    build:
      context: ./web
      args: {VERSION: "${VERSION:-dev}"}
      target: release
    ports: ["8080:80"]
    environment:
      DEBUG: true
      PRICE: "$$5"
      LEVEL: ${LEVEL-info}
    env_file: web.env
    depends_on:
      db: {condition: service_healthy}
      migrate: {condition: service_completed_successfully}
    deploy:
      resources: {limits: {cpus: "0.5", memory: 256M}, reservations: {memory: 128M}}
      restart_policy: {condition: any}
    restart: unless-stopped
  migrate:
    image: shop/migrate:3
    command: ./migrate --to "last one"
    depends_on: [db]
    mem_limit: 64m
  db:
    image: postgres:16
    mem_limit: 512m
    healthcheck:
      test: ["CMD-SHELL", "pg_isready"]
      interval: 2s
      retries: 5
      start_period: 1m
    volumes:
      - data:/var/lib/postgresql/data
      - ./init.sql:/init.sql
      - /etc/ssl:/etc/ssl:ro
    ulimits: {nofile: {soft: 1024, hard: 2048}}
    stop_grace_period: 1m30s
    cap_drop: [NET_RAW]
    secrets: [password]
  shell:
    image: busybox
    profiles: [debug]
volumes:
  data:
secrets:
  password: {file: ./password}
"""
# The same, as somebody would have written it for ECS.
DEFINITION: dict[str, Any] = {
    "family": "shop",
    "networkMode": "bridge",
    "containerDefinitions": [
        {
            "name": "web",
            "image": "shop/web:7",
            "cpu": 512,
            "memory": 256,
            "memoryReservation": 128,
            "environment": [
                {"name": "TITLE", "value": "a shop"},
                {"name": "DB_PASSWORD", "value": "hunter22"},
                {"name": "DEBUG", "value": "true"},
                {"name": "PRICE", "value": "$5"},
                {"name": "LEVEL", "value": "info"},
            ],
            "portMappings": [{"containerPort": 80, "hostPort": 8080}],
            "dependsOn": [
                {"containerName": "db", "condition": "HEALTHY"},
                {"containerName": "migrate", "condition": "SUCCESS"},
            ],
            "links": ["db"],
        },
        {
            "name": "migrate",
            "image": "shop/migrate:3",
            "memory": 64,
            "essential": False,
            "command": ["./migrate", "--to", "last one"],
            "dependsOn": [{"containerName": "db", "condition": "START"}],
            "links": ["db"],
        },
        {
            "name": "db",
            "image": "postgres:16",
            "memory": 512,
            "healthCheck": {
                "command": ["CMD-SHELL", "pg_isready"],
                "interval": 5,
                "retries": 5,
                "startPeriod": 60,
            },
            "mountPoints": [
                {"sourceVolume": "data", "containerPath": "/var/lib/postgresql/data"},
                {"sourceVolume": "etc-ssl", "containerPath": "/etc/ssl", "readOnly": True},
            ],
            "linuxParameters": {"capabilities": {"drop": ["NET_RAW"]}},
            "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 2048}],
            "stopTimeout": 90,
        },
    ],
    "volumes": [
        {
            "name": "data",
            "dockerVolumeConfiguration": {"scope": "shared", "autoprovision": True, "driver": "local"},
        },
        {"name": "etc-ssl", "host": {"sourcePath": "/etc/ssl"}},
    ],
}
SERVICE: dict[str, Any] = {
    "serviceName": "shop",
    "desiredCount": 1,
    "launchType": "EC2",
    "deploymentConfiguration": {"minimumHealthyPercent": 0, "maximumPercent": 100},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    (tmp_path / "web.env").write_text("# of the shop\nTITLE='a shop'\nDB_PASSWORD=hunter22 # told nobody\n")
    monkeypatch.setenv("DB_PASSWORD", "hunter22")
    return tmp_path


def test_a_plan_finds_nothing_to_change(ecs: LocalEcs, folder: Path) -> None:
    """Against a service that was made by hand to do what compose does."""
    run_service(ecs, "shop", DEFINITION, SERVICE)
    imported(folder, folder / "compose.yaml", region="us-east-1")
    assert plan_of(folder, images={"web": "shop/web:7"}) == (
        "plan: shop on shop: no changes: everything is as the file says."
    )


def test_images_are_built_where_compose_builds_them(folder: Path) -> None:
    """The context is told as seen from shipway.yml, wherever that is written."""
    there = folder / "deploy"
    imported(there, folder)
    image = read_application(there / "shipway.yml", None).images["web"]
    assert (image.context, image.target, image.args) == ("../web", "release", {"VERSION": "dev"})


def test_all_that_stays_behind_is_listed(folder: Path) -> None:
    """Each with the reason or what to do instead; a secret's value is in no file."""
    moved = imported(folder, folder)
    assert [line.partition(": ")[0] for line in moved.not_carried] == [
        "shell",
        "secrets",
        "web.restart",
        "web.deploy.restart_policy",
        "db.secrets",
        "db.healthcheck.interval",
        "db.volumes ./init.sql",
    ]
    assert [note.split()[0] for note in moved.notes] == ["DB_PASSWORD", "The", "/etc/ssl", "All", "Ports"]
    assert not any("hunter22" in (folder / name).read_text() for name in moved.files)
    assert (
        "# Not carried over:\n# - shell: compose starts them only when asked"
        in (folder / "shipway.yml").read_text()
    )


def test_two_numbers_of_tasks_cannot_both_be(tmp_path: Path) -> None:
    """Containers of one task come together; the larger number is taken, and said."""
    (tmp_path / "compose.yml").write_text(
        "services:\n  a: {image: a, deploy: {replicas: 3}}\n  b: {image: b, mem_limit: '${MEMORY:-32m}'}\n"
    )
    moved = imported(tmp_path, tmp_path)
    application = read_application(tmp_path / "shipway.yml", None)
    assert application.service["desiredCount"] == 3
    assert application.task_definition["containerDefinitions"][1]["memory"] == 32
    assert moved.not_carried == (
        "replicas: a 3, b 1: containers of one task come in equal numbers; desiredCount is 3.",
    )


def test_health_that_ecs_cannot_see_is_not_waited_for(tmp_path: Path) -> None:
    """ECS would refuse to wait for a container without a health check of its own."""
    file = tmp_path / "compose.yml"
    file.write_text(
        "services:\n  a: {image: a, depends_on: {b: {condition: service_healthy}}}\n  b: {image: b}\n"
    )
    moved = imported(tmp_path, file)
    assert moved.not_carried[0].startswith("a.depends_on.b: ECS knows health by its healthCheck only")


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        (["80"], [{"containerPort": 80}]),
        ([8080], [{"containerPort": 8080}]),
        (["53:53/udp"], [{"containerPort": 53, "hostPort": 53, "protocol": "udp"}]),
        (
            ["3000-3001:4000-4001"],
            [{"containerPort": 4000, "hostPort": 3000}, {"containerPort": 4001, "hostPort": 3001}],
        ),
        (["127.0.0.1:81:80"], [{"containerPort": 80, "hostPort": 81}]),
        (["${PORT:-90}:80"], [{"containerPort": 80, "hostPort": 90}]),
        ([{"target": 80, "published": "8080"}], [{"containerPort": 80, "hostPort": 8080}]),
    ],
)
def test_ports(ports: list[Any], expected: list[Any]) -> None:
    """In the short and the long form."""
    assert port_mappings(ports, Account(), "web") == expected


def test_words_of_compose() -> None:
    """Durations, sizes, commands and env files."""
    assert [seconds(value) for value in ("1m30s", "5s", 7, "1.5h")] == [90, 5, 7, 5400]
    assert [mebibytes(value) for value in ("1g", "512M", "64mb", 1048576)] == [1024, 512, 64, 1]
    assert words("sh -c 'a b'") == ["sh", "-c", "a b"]
    assert env_file_pairs('export A=1 # one\nB="x # y"\n\n#C=3\n') == {"A": "1", "B": "x # y"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("services: {}", "has no services that compose starts"),
        ("services: {a: {image: a, mem_limit: much}}", "'much' is not a size such as 512m"),
        ("services: {a: {image: a, stop_grace_period: soon}}", "'soon' is not a duration"),
        ("services: {a: {image: a, env_file: gone.env}}", "names gone.env, which cannot be read"),
        ("services: {a: {image: a, cpus: few}}", "'few' is not a number"),
        ("a: 1\n", "is none of the files that can be imported"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, text: str, complaint: str) -> None:
    """A sentence, and no file."""
    (tmp_path / "compose.yml").write_text(text)
    with pytest.raises(DeployError, match=complaint):
        imported(tmp_path / "new", tmp_path)
    assert not (tmp_path / "new").exists()
