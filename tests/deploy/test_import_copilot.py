"""`shipway init --from copilot/web/manifest.yml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shipway.deploy.application.reading import read_application
from shipway.deploy.errors import DeployError
from shipway.testing import LocalEcs

from .moved_in import ecs, imported, plan_of, run_service

__all__ = ["ecs"]

MANIFEST = """\
name: web
type: Load Balanced Web Service
image:
  build: {dockerfile: web/Dockerfile.prod, args: {MODE: prod}}
  port: 8080
  depends_on: {proxy: start}
  healthcheck: {command: [CMD-SHELL, "curl -f http://localhost:8080"], interval: 20s}
http:
  path: '/'
  alias: shop.example.com
  healthcheck: {path: /ok, grace_period: 90s}
cpu: 512
memory: 1024
count: {range: 1-4, cpu_percentage: 70}
exec: true
network: {connect: true, vpc: {placement: private}}
command: ./serve --port 8080
variables:
  LEVEL: info
  STAGE: ${COPILOT_ENVIRONMENT_NAME}
  VERSION: ${VERSION}
  PRICE: \\${not}
  QUEUE: {from_cfn: "queue-url"}
secrets:
  TOKEN: /shop/token
  DB: {secretsmanager: "mysql:password::"}
sidecars:
  proxy:
    image: shop/proxy:1
    port: 2000/udp
    essential: false
    variables: {FOR: web}
storage:
  ephemeral: 30
  volumes:
    data: {path: /data, read_only: false, efs: fs-1234567}
publish:
  topics: [{name: orders}]
environments:
  prod:
    cpu: 1024
    memory: 2048
    count: 4
    variables: {LEVEL: warn}
"""
ROLE = "arn:aws:iam::000000000000:role/shop-test-web-Execution"
LOGS = {
    "awslogs-region": "us-east-1",
    "awslogs-group": "/copilot/shop-test-web",
    "awslogs-stream-prefix": "copilot",
}
COMMON = [
    {"name": "COPILOT_APPLICATION_NAME", "value": "shop"},
    {"name": "COPILOT_SERVICE_DISCOVERY_ENDPOINT", "value": "test.shop.local"},
    {"name": "COPILOT_ENVIRONMENT_NAME", "value": "test"},
    {"name": "COPILOT_SERVICE_NAME", "value": "web"},
    {"name": "COPILOT_SNS_TOPIC_ARNS", "value": "{}"},
    {"name": "COPILOT_LB_DNS", "value": "shop-test-lb.example"},
]
# What Copilot's stack makes of the manifest in the environment `test`.
DEFINITION: dict[str, Any] = {
    "family": "shop-test-web",
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "512",
    "memory": "1024",
    "executionRoleArn": ROLE,
    "taskRoleArn": ROLE,
    "ephemeralStorage": {"sizeInGiB": 30},
    "containerDefinitions": [
        {
            "name": "web",
            "image": "shop/web:7",
            "command": ["./serve", "--port", "8080"],
            "environment": [
                *COMMON,
                {"name": "COPILOT_MOUNT_POINTS", "value": '{"data":"/data"}'},
                {"name": "LEVEL", "value": "info"},
                {"name": "STAGE", "value": "test"},
                {"name": "VERSION", "value": "3"},
                {"name": "PRICE", "value": "${not}"},
                {"name": "QUEUE", "value": "https://queue"},
            ],
            "secrets": [
                {"name": "TOKEN", "valueFrom": "/shop/token"},
                {
                    "name": "DB",
                    "valueFrom": "arn:aws:secretsmanager:us-east-1:000000000000:secret:mysql:password::",
                },
            ],
            "portMappings": [{"containerPort": 8080, "protocol": "tcp", "name": "target"}],
            "dependsOn": [{"containerName": "proxy", "condition": "START"}],
            "healthCheck": {
                "command": ["CMD-SHELL", "curl -f http://localhost:8080"],
                "interval": 20,
                "retries": 2,
                "timeout": 5,
                "startPeriod": 0,
            },
            "mountPoints": [{"sourceVolume": "data", "containerPath": "/data", "readOnly": False}],
            "logConfiguration": {"logDriver": "awslogs", "options": LOGS},
        },
        {
            "name": "proxy",
            "image": "shop/proxy:1",
            "essential": False,
            "environment": [*COMMON, {"name": "FOR", "value": "web"}],
            "portMappings": [{"containerPort": 2000, "protocol": "udp"}],
            "logConfiguration": {"logDriver": "awslogs", "options": LOGS},
        },
    ],
    "volumes": [
        {
            "name": "data",
            "efsVolumeConfiguration": {
                "fileSystemId": "fs-1234567",
                "rootDirectory": "/",
                "transitEncryption": "ENABLED",
                "authorizationConfig": {"iam": "ENABLED"},
            },
        }
    ],
}
SERVICE: dict[str, Any] = {
    "serviceName": "shop-test-web-Service-AbC",
    "desiredCount": 0,  # its tasks would fail for want of secrets, and the deployment with them
    "launchType": "FARGATE",
    "propagateTags": "SERVICE",
    "healthCheckGracePeriodSeconds": 90,
    "enableExecuteCommand": True,
    "deploymentConfiguration": {
        "minimumHealthyPercent": 100,
        "maximumPercent": 200,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "alarms": {"alarmNames": [], "enable": False, "rollback": True},
    },
    "networkConfiguration": {
        "awsvpcConfiguration": {
            "subnets": ["subnet-1"],
            "securityGroups": ["sg-1"],
            "assignPublicIp": "DISABLED",
        }
    },
}


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "copilot" / "web" / "manifest.yml"
    file.parent.mkdir(parents=True)
    file.write_text(MANIFEST)
    (tmp_path / "copilot" / ".workspace").write_text("application: shop\n")
    for name, value in (
        ("COPILOT_CLUSTER", "shop-test-Cluster-X"),
        ("COPILOT_SERVICE", "shop-test-web-Service-AbC"),
        ("COPILOT_ENVIRONMENT_NAME", "test"),
        ("AWS_ACCOUNT_ID", "000000000000"),
        ("VERSION", "3"),
    ):
        monkeypatch.setenv(name, value)
    return file


def test_a_plan_finds_nothing_to_change(ecs: LocalEcs, manifest: Path, tmp_path: Path) -> None:
    """Against what Copilot's stack made; what only the stack knows is left alone."""
    run_service(ecs, "shop-test-Cluster-X", DEFINITION, SERVICE)
    imported(tmp_path, manifest, region="us-east-1")
    assert plan_of(tmp_path, images={"web": "shop/web:7"}) == (
        "plan: shop-test-web-Service-AbC on shop-test-Cluster-X: no changes: everything is as the file says."
    )


def test_the_image_is_built_as_copilot_does(manifest: Path, tmp_path: Path) -> None:
    """Paths are relative to the workspace; the repository is Copilot's."""
    imported(tmp_path, manifest, region="us-east-1")
    image = read_application(tmp_path / "shipway.yml", None).images["web"]
    assert (image.context, image.dockerfile, image.repository) == ("web", "Dockerfile.prod", "shop/web")
    assert (image.args, image.platform) == ({"MODE": "prod"}, "linux/amd64")


def test_an_environment_says_what_differs(manifest: Path, tmp_path: Path) -> None:
    """Its own names, and the manifest's overrides; the rest is the base's."""
    imported(tmp_path, manifest, region="us-east-1")
    prod = read_application(tmp_path / "shipway.yml", "prod")
    assert prod.family == "shop-prod-web"
    assert (prod.task_definition["cpu"], prod.service["desiredCount"]) == ("1024", 4)
    web, proxy = prod.task_definition["containerDefinitions"]
    assert {"name": "LEVEL", "value": "warn"} in web["environment"]
    assert {"name": "STAGE", "value": "prod"} in web["environment"]
    assert proxy["logConfiguration"]["options"]["awslogs-group"] == "/copilot/shop-prod-web"
    assert proxy["image"] == "shop/proxy:1"


def test_all_that_stays_behind_is_listed(manifest: Path, tmp_path: Path) -> None:
    """Once each, though every environment has it."""
    moved = imported(tmp_path, manifest, region="us-east-1")
    assert [line.partition(": ")[0] for line in moved.not_carried] == [
        "http",
        "publish",
        "variables.QUEUE",
        "count.range",
        "count.cpu_percentage",
        "network",
    ]


def test_a_job_becomes_a_task(tmp_path: Path) -> None:
    """Its schedule stays with the stack."""
    file = tmp_path / "manifest.yml"
    file.write_text(
        "name: report\ntype: Scheduled Job\non: {schedule: '@daily'}\n"
        "image: {location: shop/report}\nretries: 3\n"
    )
    moved = imported(tmp_path, tmp_path, region="us-east-1")
    assert moved.files == ("shipway.yml", "ecs-task-def.json")
    assert [line.partition(": ")[0] for line in moved.not_carried] == ["on", "retries"]
    variables = {
        "COPILOT_CLUSTER": "c",
        "COPILOT_APPLICATION_NAME": "shop",
        "COPILOT_ENVIRONMENT_NAME": "test",
    }
    application = read_application(tmp_path / "shipway.yml", None, variables)
    assert application.tasks["report"].launch_type == "FARGATE"
    assert application.family == "shop-test-report"


@pytest.mark.parametrize("kind", ["Request-Driven Web Service", "Static Site"])
def test_what_does_not_run_on_ecs_is_refused(tmp_path: Path, kind: str) -> None:
    """By its name, with where it runs."""
    (tmp_path / "manifest.yml").write_text(f"name: web\ntype: {kind}\n")
    with pytest.raises(DeployError, match=f"is a {kind}: it"):
        imported(tmp_path, tmp_path)


def test_spot_capacity(tmp_path: Path) -> None:
    """The first ones on demand, the others on Spot, as the stack has it."""
    (tmp_path / "manifest.yml").write_text(
        "name: web\ntype: Backend Service\nimage: {location: shop/web}\n"
        "count: {range: {min: 1, max: 9, spot_from: 3}}\nplatform: linux/arm64\n"
    )
    imported(tmp_path, tmp_path, region="us-east-1")
    names = ("COPILOT_CLUSTER", "COPILOT_SERVICE", "COPILOT_APPLICATION_NAME", "COPILOT_ENVIRONMENT_NAME")
    application = read_application(tmp_path / "shipway.yml", None, dict.fromkeys(names, "x"))
    assert application.service["capacityProviderStrategy"] == [
        {"capacityProvider": "FARGATE_SPOT", "weight": 1},
        {"capacityProvider": "FARGATE", "weight": 0, "base": 2},
    ]
    assert "desiredCount" not in application.service and "launchType" not in application.service
    assert application.task_definition["runtimePlatform"]["cpuArchitecture"] == "ARM64"
