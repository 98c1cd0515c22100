"""Causes brought about with real containers: `why` names each by its code, first of all that it finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shipway.deploy.edge.aws import Aws, Where, open_aws
from shipway.deploy.planning.post_mortem import PostMortem
from shipway.deploy.services import why_service, why_task
from tests.end_to_end.local_ecs import Document, LocalEcs, eventually

pytestmark = pytest.mark.docker

ROLE = {"executionRoleArn": "arn:aws:iam::000000000000:role/execution"}
INIT = {"linuxParameters": {"initProcessEnabled": True}}


def sh(script: str, **members: Any) -> Document:
    return {"name": "main", "command": ["sh", "-c", script], **members}


def logged(script: str, **members: Any) -> Document:
    """Its lines are there to be read."""
    options = {"awslogs-group": "causes", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "c"}
    return sh(script, logConfiguration={"logDriver": "awslogs", "options": options}, **members)


def secret(value_from: str) -> Document:
    return sh("exit 0", secrets=[{"name": "DB", "valueFrom": value_from}])


def needing(condition: str, script: str, **members: Any) -> tuple[Document, ...]:
    """A container that waits for one that lets it down."""
    first = {**sh(script, **members), "name": "first", "essential": False}
    return first, sh("exit 0", dependsOn=[{"containerName": "first", "condition": condition}])


CHECKED = {"healthCheck": {"command": ["CMD", "true"], "interval": 30}}
FILES = [{"value": "arn:aws:s3:::bucket/variables.env", "type": "s3"}]
NOWHERE = {"awslogs-group": "nowhere", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "c"}
DEVICE = {"devices": [{"hostPath": "/dev/nothing-here"}]}
SMALL = {"tmpfs": [{"containerPath": "/small", "size": 1}]}

TASKS: dict[str, tuple[Document, ...]] = {
    "SC201": (secret("/causes/nowhere"),),
    "SC206": (sh("exit 0", logConfiguration={"logDriver": "awslogs", "options": NOWHERE}),),
    "SC401": ({"name": "main", "command": ["no-such-program"]},),
    "SC402": ({"name": "main", "command": ["/bin"]},),
    "SC404": (sh("exit 0", user="nobody-of-this-name"),),
    "SC405": (sh("exit 0", workingDirectory="/bin/sh"),),
    "SC408": needing("SUCCESS", "exit 4"),
    "SC410": needing("HEALTHY", "exit 0", **CHECKED),
    "SC412": (sh("exit 0", linuxParameters=DEVICE),),
    "SC419": (sh("exit 0", environmentFiles=FILES),),
    "SC501": (sh("exit 3"),),
    "SC502": (sh("exit 0"),),
    "SC503": (sh("exit 126"),),
    "SC504": (sh("no-such-program"),),
    "SC506": (sh("kill -KILL $$", **INIT),),
    "SC507": (sh("kill -SEGV $$", **INIT),),
    "SC508": (sh("kill -TERM $$", **INIT),),
    "SC509": (sh("kill -ABRT $$", **INIT),),
    "SC511": (logged("echo x > /file", readonlyRootFilesystem=True),),
    "SC512": (logged(': "${DATABASE_URL?}"'),),
    "SC513": (logged("httpd -p 80; httpd -f -p 80"),),
    "SC514": (logged("touch /file", user="1000"),),
    "SC516": (logged("wget -q http://127.0.0.1:1/"),),
    "SC517": (logged("dd if=/dev/zero of=/small/file bs=1M count=2", linuxParameters=SMALL),),
    "SC518": (logged("cat /etc/no-such-file"),),
}


ELSEWHERE = [{"type": "memberOf", "expression": "attribute:stack == none"}]
UNWELL = {"command": ["CMD", "false"], "interval": 5, "retries": 1}

SERVICES: dict[str, tuple[Document, Document]] = {
    "SC302": (sh("sleep 600", cpu=1_000_000), {}),
    "SC303": (sh("sleep 600", memory=10_000_000), {}),
    "SC307": (sh("sleep 600"), {"placementConstraints": ELSEWHERE}),
    "SC601": (sh("sleep 600", healthCheck=UNWELL), {}),
}
# Behind a load balancer, whose checks go to port 80 of the task's own address.
BALANCED = {
    "SC602": "mkdir /empty; exec httpd -f -p 80 -h /empty",
    "SC603": "exec nc -ll -p 80 -e sleep 600",
    "SC604": "exec sleep 600",
}
# From what the test itself makes.
MADE = ("SC101", "SC203", "SC204")
# Alone: Docker watches a container's memory only a moment after its start (docs/fidelity.md), and among many
# starts that moment is long.
MEMORY = "SC505"
CODES = frozenset({*TASKS, *SERVICES, *BALANCED, *MADE, MEMORY})


@pytest.fixture
def aws(local: LocalEcs) -> Aws:
    return open_aws(Where(environment="local"), "default", local.environment)


def test_each_cause_of_a_tasks_end_must_be_named(local: LocalEcs, aws: Aws) -> None:
    """All at once: each runs to its end, and its post-mortem begins with its cause."""
    local.logs.create_log_group(logGroupName="causes")
    keeper = local.client("secretsmanager")
    text = keeper.create_secret(Name="causes-text", SecretString="{}")["ARN"]
    binary = keeper.create_secret(Name="causes-binary", SecretBinary=b"x")["ARN"]
    made = {
        "SC101": ({**sh("exit 0"), "image": f"127.0.0.1:{local.port + 1}/nowhere:1"},),
        "SC203": (secret(f"{text}:password::"),),
        "SC204": (secret(binary),),
    }
    assert tuple(made) == MADE
    ran = {
        code: local.run(local.register(code.lower(), *containers, **ROLE))
        for code, containers in {**TASKS, **made}.items()
    }
    named = {}
    for code, arn in ran.items():
        local.ended(arn)
        named[code] = named_first(lambda one=arn: why_task(aws, one), code)  # type: ignore[misc]
    assert named == {code: code for code in ran}


def test_too_little_memory_must_be_named(local: LocalEcs, aws: Aws) -> None:
    """Killed by the kernel, which is more than an exit code of 137."""
    arn = local.run(local.register("hungry", sh("sleep 0.5; tail /dev/zero", memory=16)))
    local.ended(arn)
    assert named_first(lambda: why_task(aws, arn), MEMORY) == MEMORY


def named_first(look: Callable[[], PostMortem], code: str) -> str:
    """The code of the first finding, once it is this one: last lines, checks and events take their moment."""

    def first() -> str:
        findings = look().findings
        return findings[0].cause.code if findings else "none"

    try:
        return eventually(f"{code} is named", first, lambda found: found == code)
    except AssertionError:
        return first()


def test_each_cause_of_a_services_trouble_must_be_named(local: LocalEcs, aws: Aws) -> None:
    """Tasks that find no place, one that is never well, and three that the load balancer never takes."""
    for code, (container, members) in SERVICES.items():
        definition = local.register(code.lower(), container)
        local.ecs.create_service(
            serviceName=code.lower(), taskDefinition=definition, desiredCount=1, **members
        )
    for code, script in BALANCED.items():
        serve(local, code.lower(), script)
    for code in (*SERVICES, *BALANCED):
        assert named_first(lambda one=code: why_service(aws, one.lower()), code) == code  # type: ignore[misc]
        local.ecs.delete_service(service=code.lower(), force=True)


def serve(local: LocalEcs, name: str, script: str) -> None:
    container = sh(script, portMappings=[{"containerPort": 80}], **INIT)
    group = local.load_balancer(name, "ip")
    local.ecs.create_service(
        serviceName=name,
        taskDefinition=local.register(name, container, networkMode="awsvpc"),
        desiredCount=1,
        launchType="EC2",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        loadBalancers=[{"targetGroupArn": group, "containerName": "main", "containerPort": 80}],
    )
