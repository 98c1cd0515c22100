"""Looks at the service a few times a second while it is deployed, keeps what it saw, breaks what is due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.progress import Progress
from shipway.deploy.errors import DeployError
from shipway.local.errors import LocalError
from shipway.rehearsal.breaking import Blow, Breaking, Look, TaskSeen, advance
from shipway.rehearsal.course import is_at_rest

Members = dict[str, Any]
Break = Callable[[Members], Members]
Target = tuple[str, int]  # EC2 id or address, and port

LOOK_EVERY_S = 0.2


@dataclass(frozen=True)
class Watched:
    """A service, and whether its containers have health checks of their own."""

    name: str
    checked: bool


class Witness:
    """In a thread of its own, beside the deployment that it watches."""

    def __init__(self, aws: Aws, service: Watched, progress: Progress, break_it: Break) -> None:
        self.looks: list[Look] = []
        self.blows: list[tuple[float, Blow]] = []
        self.breaking: Breaking | None = None
        self._aws = aws
        self._service_name = service.name
        self._checked = service.checked
        self._progress = progress
        self._break = break_it
        self._started_s = 0.0
        self._instances: dict[str, tuple[str, str]] = {}
        self._ends = threading.Event()
        self._failure: BaseException | None = None

    @contextmanager
    def watching(self, breaking: Breaking) -> Iterator[None]:
        self.breaking = breaking
        self._started_s = time.monotonic()
        self._once()  # what was there before anything is done
        thread = threading.Thread(target=self._run, name="witness", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ends.set()
            thread.join()
        if self._failure is not None:
            raise self._failure

    def wait_for_rest(self, limit_s: float) -> None:
        """Until the service is as it should be after what was broken, or not for so long."""
        until_s = self.now_s() + limit_s
        while not self._failure and self.now_s() < until_s:
            if self.looks and is_at_rest(self.looks[-1]) and self.looks[-1].at_s > until_s - limit_s:
                return
            time.sleep(LOOK_EVERY_S)

    def now_s(self) -> float:
        return time.monotonic() - self._started_s

    def _run(self) -> None:
        try:
            while not self._ends.wait(LOOK_EVERY_S):
                self._once()
        except BaseException as failure:  # raised again in the thread that waits for us
            self._failure = failure

    def _once(self) -> None:
        assert self.breaking is not None
        try:
            look = self._look()
        except DeployError:
            return  # the service is not there yet, or a look went astray: the next one is soon
        self.looks.append(look)
        self.breaking, blows = advance(self.breaking, look)
        for blow in blows:
            try:
                self._break(blow.request)
            except LocalError as error:
                raise DeployError(f"--fail {blow.fault}: {error}") from error
            self.blows.append((self.now_s(), blow))
            self._progress.say(f"fault {blow.fault}: {blow.text}")

    def _look(self) -> Look:
        at_s = self.now_s()
        service = self._aws.ecs.service(self._service_name) or {}
        tasks = self._aws.ecs.service_tasks(self._service_name) if service else []
        if any(task.get("containerInstanceArn") not in (None, *self._instances) for task in tasks):
            self._learn_instances()
        targets = self._healthy_targets(service)
        seen = tuple(self._seen(task, targets) for task in tasks)
        return Look(at_s, seen, dict(self._instances.values()), service)

    def _learn_instances(self) -> None:
        for found in self._aws.ecs.container_instances():
            attributes = {a["name"]: a.get("value", "") for a in found.get("attributes") or ()}
            zone = str(attributes.get("ecs.availability-zone", ""))
            self._instances[str(found["containerInstanceArn"])] = (str(found.get("ec2InstanceId")), zone)

    def _healthy_targets(self, service: Members) -> frozenset[Target] | None:
        """None when no load balancer is asked."""
        groups: dict[str, None] = {}
        for balancer in service.get("loadBalancers") or ():
            advanced = balancer.get("advancedConfiguration") or {}
            for arn in (balancer.get("targetGroupArn"), advanced.get("alternateTargetGroupArn")):
                if arn:
                    groups[str(arn)] = None
        if not groups:
            return None
        return frozenset(
            (str(found["Target"]["Id"]), int(found["Target"]["Port"]))
            for arn in groups
            for found in self._aws.elbv2.target_health(arn)
            if found["TargetHealth"]["State"] == "healthy"
        )

    def _seen(self, task: Members, targets: frozenset[Target] | None) -> TaskSeen:
        instance, zone = self._instances.get(str(task.get("containerInstanceArn")), ("", ""))
        return TaskSeen(
            arn=str(task["taskArn"]),
            definition=str(task["taskDefinitionArn"]),
            status=str(task["lastStatus"]),
            started=str(task.get("startedAt", "")),
            healthy=is_healthy(task, instance, self._checked, targets),
            instance=instance,
            zone=str(task.get("availabilityZone") or zone),
        )


def is_healthy(task: Members, instance: str, checked: bool, targets: frozenset[Target] | None) -> bool:
    """By whoever is asked for its health: its containers' own checks, a load balancer's."""
    if checked and task.get("healthStatus") != "HEALTHY":
        return False
    if targets is None:
        return True
    containers = task.get("containers") or ()
    bindings = [b for container in containers for b in container.get("networkBindings") or ()]
    interfaces = [i for container in containers for i in container.get("networkInterfaces") or ()]
    addresses = {str(interface.get("privateIpv4Address")) for interface in interfaces}
    published = {(instance, int(binding.get("hostPort", 0))) for binding in bindings}
    return any(target in published or target[0] in addresses for target in targets)
