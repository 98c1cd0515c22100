"""What a Dockerfile says that ECS wants to know, and the files that `shipway init` makes of it."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Any

Members = dict[str, Any]

CONTINUATION = re.compile(r"\\[ \t]*\r?\n")
SECONDS = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}

TASK_DEFINITION_FILE = "ecs-task-def.json"
SERVICE_FILE = "ecs-service-def.json"


@dataclass(frozen=True)
class DockerfileFacts:
    """The last stage's ports and health check."""

    ports: tuple[int, ...] = ()
    health_check: Members | None = None


def read_dockerfile(text: str) -> DockerfileFacts:
    ports: list[int] = []
    health_check: Members | None = None
    for line in CONTINUATION.sub(" ", text).splitlines():
        word, _, rest = line.strip().partition(" ")
        match word.upper():
            case "FROM":
                # A new stage: what an earlier one exposed is not in the image.
                ports, health_check = [], None
            case "EXPOSE":
                ports += [int(port) for port in re.findall(r"(?<![\w${])(\d+)(?!/udp)\b(?!/udp)", rest)]
            case "HEALTHCHECK":
                health_check = _health_check(rest.strip())
    return DockerfileFacts(tuple(dict.fromkeys(ports)), health_check)


def _health_check(rest: str) -> Members | None:
    members: Members = {}
    names = {
        "interval": "interval",
        "timeout": "timeout",
        "start-period": "startPeriod",
        "retries": "retries",
    }
    while option := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
        if option[1] in names:
            members[names[option[1]]] = _seconds(option[2])
        rest = rest[option.end() :]
    word, _, command = rest.partition(" ")
    if word.upper() != "CMD" or not command.strip():
        return None
    try:
        listed = json.loads(command)
    except ValueError:
        listed = None
    if isinstance(listed, list):
        return {"command": ["CMD", *map(str, listed)], **members}
    return {"command": ["CMD-SHELL", command.strip()], **members}


def _seconds(text: str) -> int:
    if text.isdigit():
        return int(text)
    total = sum(float(amount) * SECONDS[unit] for amount, unit in re.findall(r"([\d.]+)(ms|h|m|s)", text))
    return max(1, round(total))


def initial_files(name: str, cluster: str, facts: DockerfileFacts, dockerfile: str) -> dict[str, str]:
    """File name -> text."""
    return {
        "shipway.yml": _application(name, cluster, facts, dockerfile),
        TASK_DEFINITION_FILE: _json(_task_definition(name, facts)),
        SERVICE_FILE: _json(_service(name)),
    }


def _task_definition(name: str, facts: DockerfileFacts) -> Members:
    container: Members = {
        "name": "web" if facts.ports else "main",
        "cpu": 128,
        "memory": 128,
        "essential": True,
        "linuxParameters": {"initProcessEnabled": True},
    }
    if facts.ports:
        container["portMappings"] = [{"containerPort": port, "protocol": "tcp"} for port in facts.ports]
    if facts.health_check:
        container["healthCheck"] = facts.health_check
    return {"family": name, "networkMode": "bridge", "containerDefinitions": [container]}


def _service(name: str) -> Members:
    return {
        "serviceName": name,
        "desiredCount": 2,
        "launchType": "EC2",
        "deploymentConfiguration": {
            "minimumHealthyPercent": 100,
            "maximumPercent": 200,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
    }


def _application(name: str, cluster: str, facts: DockerfileFacts, dockerfile: str) -> str:
    container = "web" if facts.ports else "main"
    build = f"    context: {_quoted('.')}\n" + (
        "" if dockerfile == "Dockerfile" else f"    dockerfile: {dockerfile}\n"
    )
    return f"""\
# What `shipway deploy` does with this folder. `shipway deploy -e local` rehearses it on this machine
# (after `shipway local up`); without -e it goes to AWS with the credentials in use.
name: {name}
cluster: {cluster}
# region: eu-central-1

# Images that are built, pushed and pinned by digest, by container name.
images:
  {container}:
{build}
# Amazon ECS's own JSON, verbatim: every member that AWS documents may stand there.
task_definition: {TASK_DEFINITION_FILE}
service: {SERVICE_FILE}

{_balancer(facts)}
# Differences per environment, chosen with -e. Mappings merge, lists are replaced, containers merge by name.
# ${{VAR}}, ${{VAR:-default}} and ${{VAR:?message}} work in every string.
environments:
  local:
    service: {{desiredCount: 2}}
#  production:
#    cluster: production
#    region: eu-central-1
#    service: {{desiredCount: 6}}
"""


def _balancer(facts: DockerfileFacts) -> str:
    if not facts.ports:
        return "# The Dockerfile exposes no port, so there is no load_balancer: block.\n"
    return f"""\
# An Application Load Balancer in front of one container's port. Local ECS makes it by itself; on AWS
# it is found by name, and made only with `create: true`.
load_balancer:
  listener_port: 80
  container: web
  container_port: {facts.ports[0]}
  health_check: {{path: /, interval: 5, timeout: 2, healthy_threshold: 2, unhealthy_threshold: 2}}
  # Seconds that a leaving task still has for requests in flight (AWS's default is 300).
  deregistration_delay: 10
"""


def _json(members: Members) -> str:
    return json.dumps(members, indent=2) + "\n"


def _quoted(text: str) -> str:
    return shlex.quote(text)
