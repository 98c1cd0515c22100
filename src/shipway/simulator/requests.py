"""What users ask for, drawn: task definitions good and bad, services, limits."""

from __future__ import annotations

import random
from typing import Any

import msgspec

from shipway.scheduler.shift.stages import HOOK_STAGES, PAUSE_STAGES
from shipway.simulator.options import Features
from shipway.simulator.scripts import Script, labels_of

Document = dict[str, Any]
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:check"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """What stays the same over a service's life."""

    name: str
    awsvpc: bool = False
    checked: bool = False  # its container has a health check
    balanced: bool = False
    load_balancer: Document = {}  # the entry of `loadBalancers`, once there is one
    shifting: bool = False  # its deployments may shift traffic
    controller: str = "ECS"
    alarm: str = ""
    host_port: int = 0
    sidecar: bool = False
    daemon: bool = False
    memory: int = 64
    cpu: int = 64
    capacity: Document = {}  # launchType or capacityProviderStrategy, as the requests have it
    fargate: bool = False

    @property
    def listens(self) -> bool:
        return bool(self.load_balancer or self.host_port)


def style(chance: random.Random, features: Features, number: int) -> Style:
    daemon = features.daemons and chance.random() < 0.4
    awsvpc = features.awsvpc and chance.random() < 0.5
    balanced = features.load_balancers and chance.random() < 0.7
    controller = "ECS"
    if features.task_sets and not daemon and chance.random() < 0.5:
        controller = "CODE_DEPLOY" if balanced and chance.random() < 0.5 else "EXTERNAL"
    shifting = features.shifts and not daemon and controller == "ECS" and chance.random() < 0.7
    return Style(
        name=f"web-{number}",
        awsvpc=awsvpc,
        checked=features.health_checks and chance.random() < 0.6,
        balanced=balanced,
        host_port=8000 + number if features.host_ports and not awsvpc and chance.random() < 0.4 else 0,
        sidecar=features.sidecars and chance.random() < 0.5,
        daemon=daemon,
        shifting=shifting,
        controller=controller,
        alarm=f"errors-{number}" if features.alarms and controller == "ECS" else "",
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
    if style.load_balancer:
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
    network: Document = {"networkMode": "awsvpc"} if style.awsvpc else {}
    if style.fargate:
        network |= {"requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512"}
    return {"family": style.name, "containerDefinitions": containers, **network}


def deployment_configuration(chance: random.Random, features: Features, style: Style) -> Document:
    document: Document = {}
    if features.limits:
        choices = (
            ((0, 100), (50, 100))
            if style.daemon
            else ((100, 200), (50, 200), (50, 100), (0, 100), (100, 150))
        )
        minimum, maximum = chance.choice(choices)
        document |= {"minimumHealthyPercent": minimum, "maximumPercent": maximum}
    if style.controller != "ECS":
        return document
    if features.breaker:
        document["deploymentCircuitBreaker"] = {"enable": True, "rollback": chance.random() < 0.8}
    if style.alarm:
        rollback = chance.random() < 0.8
        document["alarms"] = {"alarmNames": [style.alarm], "enable": True, "rollback": rollback}
    if features.bake and chance.random() < 0.5:
        document["bakeTimeInMinutes"] = 1
    if style.shifting:
        document |= traffic_shift(chance, features)
    return document


def traffic_shift(chance: random.Random, features: Features) -> Document:
    """The strategy and what belongs to it. ROLLING now and then: a service may change it."""
    strategy = chance.choice(("BLUE_GREEN", "BLUE_GREEN", "LINEAR", "CANARY", "ROLLING"))
    document: Document = {"strategy": strategy}
    minutes = chance.choice((0, 0, 1))
    if strategy == "LINEAR":
        percent = chance.choice((12.5, 25.0, 50.0, 100.0))
        document["linearConfiguration"] = {"stepPercent": percent, "stepBakeTimeInMinutes": minutes}
    if strategy == "CANARY":
        percent = chance.choice((0.5, 10.0, 100.0))
        document["canaryConfiguration"] = {"canaryPercent": percent, "canaryBakeTimeInMinutes": minutes}
    if strategy != "ROLLING" and features.hooks:
        document["lifecycleHooks"] = [hook(chance) for _ in range(chance.randint(1, 2))]
    return document


def hook(chance: random.Random) -> Document:
    """A function, or a pause. Not settled in a minute, it rolls back or lets the deployment go on."""
    timeout = {"timeoutInMinutes": 1, "action": chance.choice(("ROLLBACK", "CONTINUE"))}
    if chance.random() < 0.5:
        stages = chance.sample(PAUSE_STAGES, 2)
        return {"targetType": "PAUSE", "lifecycleStages": stages, "timeoutConfiguration": timeout}
    return {
        "targetType": "AWS_LAMBDA",
        "hookTargetArn": FUNCTION,
        "roleArn": "arn:aws:iam::000000000000:role/hooks",
        "lifecycleStages": chance.sample(HOOK_STAGES, 2),
        "timeoutConfiguration": timeout,
    }


def revision(style: Style, task_definition: str) -> Document:
    """What a service has from its task definition on: with EXTERNAL, what each of its task sets has."""
    document: Document = {"taskDefinition": task_definition, **style.capacity}
    if style.awsvpc:
        document["networkConfiguration"] = NETWORK
    if style.load_balancer:
        document["loadBalancers"] = [style.load_balancer]
    return document


def service(
    chance: random.Random, features: Features, style: Style, desired_count: int, task_definition: str
) -> Document:
    """CreateService."""
    document: Document = {
        "serviceName": style.name,
        "deploymentConfiguration": deployment_configuration(chance, features, style),
    }
    if style.controller != "ECS":
        document["deploymentController"] = {"type": style.controller}
    if style.controller != "EXTERNAL":
        document |= revision(style, task_definition)
    if style.daemon:
        document["schedulingStrategy"] = "DAEMON"
    else:
        document["desiredCount"] = desired_count
    if style.load_balancer and chance.random() < 0.5:
        document["healthCheckGracePeriodSeconds"] = chance.choice((5, 30))
    if style.fargate:
        return document
    if features.zones and not style.daemon:
        document["placementStrategy"] = [{"type": "spread", "field": "attribute:ecs.availability-zone"}]
        document["availabilityZoneRebalancing"] = "ENABLED"
    elif features.placement and not style.daemon:
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
