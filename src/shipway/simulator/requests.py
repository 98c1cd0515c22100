"""What users ask for, drawn: task definitions good and bad, services, limits."""

from __future__ import annotations

import random
from typing import Any

import msgspec

from shipway.simulator.options import Features
from shipway.simulator.scripts import Script, labels_of

Document = dict[str, Any]
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """What stays the same over a service's life."""

    name: str
    awsvpc: bool = False
    checked: bool = False  # its container has a health check
    balanced: bool = False  # it has a target group
    target_group_arn: str = ""
    host_port: int = 0
    sidecar: bool = False
    daemon: bool = False
    memory: int = 64
    cpu: int = 64

    @property
    def listens(self) -> bool:
        return bool(self.target_group_arn or self.host_port)


def style(chance: random.Random, features: Features, number: int) -> Style:
    daemon = features.daemons and chance.random() < 0.4
    awsvpc = features.awsvpc and chance.random() < 0.5
    balanced = features.load_balancers and chance.random() < 0.7
    return Style(
        name=f"web-{number}",
        awsvpc=awsvpc,
        checked=features.health_checks and chance.random() < 0.6,
        balanced=balanced,
        host_port=8000 + number if features.host_ports and not awsvpc and chance.random() < 0.4 else 0,
        sidecar=features.sidecars and chance.random() < 0.5,
        daemon=daemon,
        memory=chance.choice((16, 64, 128)),
        cpu=chance.choice((0, 64, 128)),
    )


def good_script(chance: random.Random) -> Script:
    return Script(
        pull_ms=chance.choice((0, 500, 3_000)),
        start_ms=chance.choice((0, 200, 2_000)),
        stop_ms=chance.choice((0, 500, 5_000)),
        healthy_after_ms=chance.choice((0, 1_000, 8_000)),
        answers_after_ms=chance.choice((0, 1_000, 8_000)),
    )


def bad_script(chance: random.Random, style: Style) -> Script:
    """It never becomes what its service needs, or does not last."""
    kinds = [
        Script(pull_error="manifest unknown", pull_ms=300),
        Script(start_error="exec format error", start_ms=100),
        Script(runs_ms=chance.choice((0, 900, 4_000)), exit_code=chance.choice((0, 1))),
        Script(runs_ms=20_000, exit_code=1),
    ]
    if style.checked:
        kinds += [Script(healthy_after_ms=None, unhealthy_after_ms=3_000), Script(unhealthy_after_ms=15_000)]
    if style.target_group_arn:
        kinds += [Script(answers_after_ms=None), Script(fails_after_ms=15_000)]
    return chance.choice(kinds)


def definition(style: Style, script: Script) -> Document:
    """RegisterTaskDefinition for the service's family."""
    main: Document = {
        "name": "main",
        "image": f"{style.name}:1",
        "memory": style.memory,
        "cpu": style.cpu,
        "dockerLabels": labels_of(script),
    }
    if style.listens:
        host_port = {"hostPort": style.host_port} if style.host_port else {}
        main["portMappings"] = [{"containerPort": 80, **host_port}]
    if style.checked:
        main["healthCheck"] = {"command": ["CMD-SHELL", "true"]}
    containers = [main]
    if style.sidecar:
        first = {"name": "first", "image": "first:1", "memory": 16, "essential": False}
        first["dockerLabels"] = labels_of(Script(runs_ms=1_000))
        main["dependsOn"] = [{"containerName": "first", "condition": "SUCCESS"}]
        containers.append(first)
    network = {"networkMode": "awsvpc"} if style.awsvpc else {}
    return {"family": style.name, "containerDefinitions": containers, **network}


def deployment_configuration(chance: random.Random, features: Features, daemon: bool) -> Document:
    document: Document = {}
    if features.limits:
        choices = (
            ((0, 100), (50, 100)) if daemon else ((100, 200), (50, 200), (50, 100), (0, 100), (100, 150))
        )
        minimum, maximum = chance.choice(choices)
        document |= {"minimumHealthyPercent": minimum, "maximumPercent": maximum}
    if features.breaker:
        document["deploymentCircuitBreaker"] = {"enable": True, "rollback": chance.random() < 0.8}
    if features.bake and chance.random() < 0.5:
        document["bakeTimeInMinutes"] = 1
    return document


def service(
    chance: random.Random, features: Features, style: Style, desired_count: int, task_definition: str
) -> Document:
    """CreateService."""
    document: Document = {
        "serviceName": style.name,
        "taskDefinition": task_definition,
        "deploymentConfiguration": deployment_configuration(chance, features, style.daemon),
    }
    if style.daemon:
        document["schedulingStrategy"] = "DAEMON"
    else:
        document["desiredCount"] = desired_count
    if style.awsvpc:
        document["networkConfiguration"] = NETWORK
    if style.target_group_arn:
        balancer = {"targetGroupArn": style.target_group_arn, "containerName": "main", "containerPort": 80}
        document["loadBalancers"] = [balancer]
        if chance.random() < 0.5:
            document["healthCheckGracePeriodSeconds"] = chance.choice((5, 30))
    if features.placement and not style.daemon:
        document["placementStrategy"] = chance.choice(
            (
                [{"type": "binpack", "field": "memory"}],
                [{"type": "spread", "field": "instanceId"}],
                [{"type": "random"}],
                [],
            )
        )
        if chance.random() < 0.3:
            document["placementConstraints"] = [{"type": "distinctInstance"}]
    return document
