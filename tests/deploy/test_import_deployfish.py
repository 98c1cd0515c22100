"""`shipway init --from deployfish.yml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shipway.deploy.errors import DeployError
from shipway.deploy.moving_in import move_in
from shipway.deploy.opening import Choices
from shipway.testing import LocalEcs

from .moved_in import ecs, imported, plan_of, run_service

__all__ = ["ecs"]

DEPLOYFISH = """\
aws: {region: us-east-1, profile: shop}
terraform: {statefile: s3://state}
services:
  - name: web-prod
    environment: prod
    cluster: shop
    count: 2
    family: web
    execution_role: arn:aws:iam::000000000000:role/execution
    minimum_healthy_percent: 0
    application_scaling: {min_capacity: 1, max_capacity: 4}
    placement_strategy: [{type: random}]
    containers:
      - name: web
        image: shop/web:${env.VERSION}
        memory: 128
        ports: ["80", "8443:443", "8125:8125/udp"]
        command: ./serve --title "a shop"
        environment:
          - LEVEL=info
          - PRICE=${not}
          - BUCKET=${terraform.bucket}
        volumes: ["/etc/ssl:/certs:ro", "storage:/data"]
        ulimits: {nproc: 65535}
        extra_hosts: ["db:10.0.0.1"]
        dockerLabels: [team=a]
        tmpfs: [{container_path: /tmp, size: 64}]
    config:
      - LOG=loud
      - PASSWORD:secure=hunter2222
      - other.shop.TOKEN:external
    volumes:
      - name: storage
        config: {scope: shared, autoprovision: true, driver: local}
  - name: web-test
    environment: test
    cluster: shop
    containers: [{name: web, image: shop/web}]
tasks:
  - name: migrate
"""
DEFINITION: dict[str, Any] = {
    "family": "web",
    "networkMode": "bridge",
    "executionRoleArn": "arn:aws:iam::000000000000:role/execution",
    "containerDefinitions": [
        {
            "name": "web",
            "image": "shop/web:3",
            "cpu": 256,
            "memory": 128,
            "portMappings": [
                {"containerPort": 80},
                {"containerPort": 443, "hostPort": 8443},
                {"containerPort": 8125, "hostPort": 8125, "protocol": "udp"},
            ],
            "command": ["./serve", "--title", "a shop"],
            "environment": [
                {"name": "LEVEL", "value": "info"},
                {"name": "PRICE", "value": "${not}"},
                {"name": "BUCKET", "value": "a-bucket"},
                {"name": "DEPLOYFISH_SERVICE_NAME", "value": "web-prod"},
                {"name": "DEPLOYFISH_ENVIRONMENT", "value": "prod"},
                {"name": "DEPLOYFISH_CLUSTER_NAME", "value": "shop"},
            ],
            "secrets": [
                {"name": "LOG", "valueFrom": "shop.web-prod.LOG"},
                {"name": "PASSWORD", "valueFrom": "shop.web-prod.PASSWORD"},
                {"name": "TOKEN", "valueFrom": "other.shop.TOKEN"},
            ],
            "mountPoints": [
                {"sourceVolume": "_etc_ssl", "containerPath": "/certs", "readOnly": True},
                {"sourceVolume": "storage", "containerPath": "/data", "readOnly": False},
            ],
            "ulimits": [{"name": "nproc", "softLimit": 65535, "hardLimit": 65535}],
            "extraHosts": [{"hostname": "db", "ipAddress": "10.0.0.1"}],
            "dockerLabels": {"team": "a"},
            "linuxParameters": {"tmpfs": [{"containerPath": "/tmp", "size": 64}]},
        }
    ],
    "volumes": [
        {
            "name": "storage",
            "dockerVolumeConfiguration": {"scope": "shared", "autoprovision": True, "driver": "local"},
        },
        {"name": "_etc_ssl", "host": {"sourcePath": "/etc/ssl"}},
    ],
}
SERVICE: dict[str, Any] = {
    "serviceName": "web-prod",
    "desiredCount": 0,  # scaled by hand since; deployfish leaves that alone, and so do we
    "launchType": "EC2",
    "deploymentConfiguration": {"minimumHealthyPercent": 0, "maximumPercent": 200},
    "placementStrategy": [{"type": "random"}],
    "enableECSManagedTags": True,
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "deployfish.yml"
    path.write_text(DEPLOYFISH)
    return path


def test_a_plan_finds_nothing_to_change(
    ecs: LocalEcs, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against what deployfish made of it."""
    run_service(ecs, "shop", DEFINITION, SERVICE)
    move_in(str(file), Choices(), tmp_path, name="prod")
    monkeypatch.setenv("VERSION", "3")
    monkeypatch.setenv("TERRAFORM_BUCKET", "a-bucket")
    assert plan_of(tmp_path) == "plan: web-prod on shop: no changes: everything is as the file says."


def test_all_that_stays_behind_is_listed(file: Path, tmp_path: Path) -> None:
    """No value of a parameter is in any file."""
    moved = move_in(str(file), Choices(), tmp_path, name="web-prod")
    assert [line.partition(": ")[0] for line in moved.not_carried] == [
        "${terraform.bucket}",
        "aws",
        "terraform",
        "tasks",
        "application_scaling",
    ]
    assert not any("hunter2222" in (tmp_path / name).read_text() for name in moved.files)


def test_one_of_several_services_is_to_be_chosen(file: Path, tmp_path: Path) -> None:
    """By its name or its environment."""
    with pytest.raises(DeployError, match=r"several services: web-prod, web-test\. Choose one with --name"):
        imported(tmp_path, file)
    assert move_in(str(file), Choices(), tmp_path, name="test").source.startswith("the service web-test of")
