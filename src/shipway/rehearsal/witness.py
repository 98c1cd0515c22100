"""Looks at the service a few times a second while it is deployed, keeps what it saw, breaks what is due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.progress import Progress
from shipway.deploy.errors import DeployError
from shipway.local.errors import LocalError
from shipway.rehearsal.breaking import Blow, Breaking, Look, TaskSeen, advance

Members = dict[str, Any]
Break = Callable[[Members], Members]

LOOK_EVERY_S = 0.2


class Witness:
    """In a thread of its own, beside the deployment that it watches."""

    def __init__(self, aws: Aws, service_name: str, progress: Progress, break_it: Break) -> None:
        self.looks: list[Look] = []
        self.blows: list[tuple[float, Blow]] = []
        self.breaking: Breaking | None = None
        self._aws = aws
        self._service_name = service_name
        self._progress = progress
        self._break = break_it
        self._started_s = time.monotonic()
        self._instances: dict[str, tuple[str, str]] = {}
        self._ends = threading.Event()
        self._failure: BaseException | None = None

    @contextmanager
    def watching(self, breaking: Breaking) -> Iterator[None]:
        self.breaking = breaking
        thread = threading.Thread(target=self._run, name="witness", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ends.set()
            thread.join()
        if self._failure is not None:
            raise self._failure

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
        seen = tuple(self._seen(task) for task in tasks)
        return Look(at_s, seen, dict(self._instances.values()), service)

    def _learn_instances(self) -> None:
        for found in self._aws.ecs.container_instances():
            attributes = {a["name"]: a.get("value", "") for a in found.get("attributes") or ()}
            zone = str(attributes.get("ecs.availability-zone", ""))
            self._instances[str(found["containerInstanceArn"])] = (str(found.get("ec2InstanceId")), zone)

    def _seen(self, task: Members) -> TaskSeen:
        instance, zone = self._instances.get(str(task.get("containerInstanceArn")), ("", ""))
        return TaskSeen(
            arn=str(task["taskArn"]),
            definition=str(task["taskDefinitionArn"]),
            status=str(task["lastStatus"]),
            started=str(task.get("startedAt", "")),
            instance=instance,
            zone=str(task.get("availabilityZone") or zone),
        )
