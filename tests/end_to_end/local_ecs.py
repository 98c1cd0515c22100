"""One local ECS as its user has it: the command line, boto3, `aws`, Docker; and words to wait with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from shipway.local.folder import DataFolder
from shipway.local.leftovers import Leftover, find_leftovers
from shipway.local.ports import free_pair_after, free_port
from shipway.local.shell import variables

Document = dict[str, Any]
T = TypeVar("T")

PROGRAMS = Path(sys.executable).parent
COMMAND_LIMIT_S = 90
DEADLINE_S = 45.0
LOOK_EVERY_S = 0.05
IMAGE = "busybox:stable"


class LocalEcs:
    """An installation in a folder of its own, on free ports."""

    def __init__(self, data: Path) -> None:
        self.folder = DataFolder(data)
        self.port = free_pair_after(free_port() % 20_000 + 20_000)
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SHIPWAY_"))
        }
        path = f"{PROGRAMS}:{kept.get('PATH', '')}"
        self.environment = {**kept, "PATH": path, "SHIPWAY_DATA": str(data), "AWS_CONFIG_FILE": os.devnull}

    def shipway(self, *arguments: str) -> str:
        return self.command(sys.executable, "-m", "shipway.cli.main", *arguments)

    def up(self, *options: str) -> str:
        return self.shipway("local", "up", "--port", str(self.port), *options)

    def down(self) -> str:
        return self.shipway("local", "down")

    def aws(self, *arguments: str, given: str | None = None) -> str:
        """The `aws` command line, pointed here as `shipway local env` does it."""
        return self.command(sys.executable, str(PROGRAMS / "aws"), *arguments, given=given, **self.variables)

    def command(self, *arguments: str, given: str | None = None, **variables: str) -> str:
        done = subprocess.run(
            arguments,
            env={**self.environment, **variables},
            input=given,
            stdin=None if given is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, f"{arguments} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    @property
    def variables(self) -> dict[str, str]:
        endpoint = self.folder.read_endpoint()
        assert endpoint is not None, "local ECS is not up"
        return variables(endpoint)

    @property
    def installation(self) -> str:
        settings = self.folder.read_settings()
        assert settings is not None
        return settings.installation

    def client(self, service: str) -> Any:
        """boto3's client with its usual retries."""
        known = self.variables
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=known["AWS_REGION"],
            endpoint_url=known["AWS_ENDPOINT_URL"],
            aws_access_key_id=known["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=known["AWS_SECRET_ACCESS_KEY"],
            config=Config(connect_timeout=5, read_timeout=20),
        )

    @cached_property
    def ecs(self) -> Any:
        return self.client("ecs")

    @cached_property
    def elbv2(self) -> Any:
        return self.client("elbv2")

    @cached_property
    def logs(self) -> Any:
        return self.client("logs")

    def processes(self) -> list[Leftover]:
        return find_leftovers(self.folder.path)

    def kill_control_plane(self) -> None:
        """kill -9, and no `down`: nobody tidies up."""
        pid = self.folder.running_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        eventually("the control plane is gone", lambda: self.folder.running_pid() is None)

    def left_behind(self) -> list[str]:
        """Processes, containers and networks of this installation."""
        found = [process.name for process in self.processes()]
        label = f"label=shipway.installation={self.installation}"
        found += docker("ps", "--all", "--quiet", "--filter", label)
        found += docker("network", "ls", "--quiet", "--filter", label)
        return found

    def register(self, family: str, *containers: Document, **members: Any) -> str:
        """A task definition of busybox containers; returns `family:revision`."""
        definitions = [{"image": IMAGE, "memory": 64, "cpu": 16, **container} for container in containers]
        answer = self.ecs.register_task_definition(
            family=family, containerDefinitions=definitions, **members
        )["taskDefinition"]
        return f"{answer['family']}:{answer['revision']}"

    def run(self, task_definition: str, **members: Any) -> str:
        """RunTask of one task that must be placed; returns its ARN."""
        answer = self.ecs.run_task(taskDefinition=task_definition, **members)
        assert answer["failures"] == []
        return str(answer["tasks"][0]["taskArn"])

    def task(self, arn: str) -> Document:
        found: list[Document] = self.ecs.describe_tasks(tasks=[arn])["tasks"]
        assert len(found) == 1, f"{arn} is not known"
        return found[0]

    def ended(self, arn: str) -> Document:
        """The task once it is STOPPED."""
        return self.until(arn, lambda task: task["lastStatus"] == "STOPPED")

    def until(self, arn: str, holds: Callable[[Document], bool]) -> Document:
        return eventually(f"{arn} is as wanted", lambda: self.task(arn), holds)

    def finished(self, task_definition: str, **members: Any) -> dict[str, Document]:
        """Runs a task to its end; its containers by name, the task itself under ''."""
        task = self.ended(self.run(task_definition, **members))
        return {"": task} | {container["name"]: container for container in task["containers"]}

    def lines(self, group: str, until: Callable[[list[str]], Any], **request: Any) -> list[str]:
        """The messages of a log group, oldest first, once they are as wanted."""

        def look() -> list[str]:
            try:
                answer = self.logs.filter_log_events(logGroupName=group, **request)
            except self.logs.exceptions.ResourceNotFoundException:
                return []
            return [event["message"] for event in answer["events"]]

        return eventually(f"{group} has its lines", look, until)

    def load_balancer(self, name: str, target_type: str, delay_s: int = 0) -> str:
        """A load balancer with one listener and one quick target group; returns the group's ARN."""
        arn = self.elbv2.create_load_balancer(Name=name, Subnets=["subnet-1"])["LoadBalancers"][0][
            "LoadBalancerArn"
        ]
        group = self.elbv2.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=80,
            VpcId="vpc-1",
            TargetType=target_type,
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        delay = {"Key": "deregistration_delay.timeout_seconds", "Value": str(delay_s)}
        self.elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=[delay])
        forward = {"Type": "forward", "TargetGroupArn": group}
        self.elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=8080, DefaultActions=[forward])
        return str(group)

    def url(self, load_balancer: str) -> str:
        """Where it answers, as `shipway local status` says."""

        def look() -> str:
            status = json.loads(self.shipway("local", "status", "-o", "json"))
            named = (e["url"] for e in status["load_balancers"] if e["load_balancer"] == load_balancer)
            return next(named, "")

        return eventually(f"{load_balancer} has its port", look).rstrip("/")

    def target_states(self, group: str) -> list[str]:
        health = self.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return [each["TargetHealth"]["State"] for each in health]

    def service_tasks(self, service: str) -> list[Document]:
        """The tasks that the service wants to run, sorted by ARN."""
        arns = sorted(self.ecs.list_tasks(serviceName=service)["taskArns"])
        return list(self.ecs.describe_tasks(tasks=arns)["tasks"]) if arns else []

    def service(self, name: str) -> Document:
        found: Document = self.ecs.describe_services(services=[name])["services"][0]
        return found

    def stable(self, service: str) -> list[Document]:
        """The service's tasks once one deployment is left and all of its tasks run and are healthy."""
        eventually(f"service {service} is steady", lambda: self.service(service), is_stable)
        return self.service_tasks(service)


def is_stable(service: Document) -> bool:
    (*others, deployment) = service["deployments"]
    counts = (service["runningCount"], service["desiredCount"])
    return not others and deployment["rolloutState"] == "COMPLETED" and counts[0] == counts[1]


def eventually(what: str, look: Callable[[], T], holds: Callable[[T], Any] = bool) -> T:
    """Looks until what is seen holds, and returns it; fails with what was seen last."""
    deadline = time.monotonic() + DEADLINE_S
    never = threading.Event()
    while not holds(seen := look()):
        assert time.monotonic() < deadline, (
            f"waited {DEADLINE_S:.0f} s until {what}; last seen: {shown(seen)}"
        )
        never.wait(LOOK_EVERY_S)  # other processes' doings give no event
    return seen


def shown(seen: object) -> str:
    return json.dumps(seen, default=str, indent=1)


def docker(*arguments: str) -> list[str]:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"docker {arguments}: {done.stderr}"
    return done.stdout.split()


def fetch(url: str, timeout_s: float = 15) -> str:
    """One request on a connection of its own. Python does not resolve NAME.localhost: it is asked for at
    127.0.0.1, by its name.
    """
    address = urllib.parse.urlsplit(url)
    at_loopback = urllib.request.Request(
        f"http://127.0.0.1:{address.port or 80}{address.path}", headers={"Host": address.netloc}
    )
    with urllib.request.urlopen(at_loopback, timeout=timeout_s) as answer:
        return str(answer.read().decode())
