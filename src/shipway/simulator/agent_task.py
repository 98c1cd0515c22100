"""A task as a simulated agent has it: moved on by looking at it, whatever happened.

As in the real agent: images are pulled, containers start when what they depend on is there, a task is over
when it is told to stop or an essential container has ended, and its status is the least of its containers'.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shipway.agent.step_plan import EXIT_CODE_OF_FAILED_DEPENDENCY
from shipway.simulator.containers import NONE, PULLED, RANK, RUNNING, Container

Bind = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
REASON_LENGTH_MAX = 1024
READY, WAIT = "READY", "WAIT"


class AgentTask:
    def __init__(self, payload: dict[str, Any], changed: Callable[[AgentTask, Container], None]) -> None:
        self.payload = payload
        self.arn: str = payload["arn"]
        self.cluster_arn: str = payload.get("taskClusterArn") or ""
        self.stopping = payload.get("desiredStatus") == "STOPPED"
        self.reason = ""
        self.accepted = b""  # the last report that the control plane took
        self.containers = [
            Container(entry, f"{self.arn.rsplit('/', 1)[-1]}-{number}", lambda c: changed(self, c))
            for number, entry in enumerate(payload.get("containers") or (), 1)
        ]

    @property
    def address(self) -> str:
        """Of an awsvpc task."""
        for interface in self.payload.get("elasticNetworkInterfaces") or ():
            return str(interface["ipv4Addresses"][0]["privateAddress"])
        return ""

    @property
    def status(self) -> str:
        if all(container.stopped for container in self.containers):
            return "STOPPED"
        least = min(RANK[container.phase] for container in self.containers)
        return "RUNNING" if least >= RANK[RUNNING] else "PENDING"

    @property
    def over(self) -> bool:
        return self.status == "STOPPED"

    def advance(self, bind: Bind) -> None:
        """Begins everything that can be begun now."""
        self.stopping = self.stopping or any(c.essential and c.stopped for c in self.containers)
        for container in self.containers:
            if self.stopping:
                self._end(container)
            elif container.phase == NONE:
                container.pull()
            elif container.phase == PULLED:
                self._start(container, bind)

    def _start(self, container: Container, bind: Bind) -> None:
        for dependency in container.payload.get("dependsOn") or ():
            verdict = self._verdict(dependency)
            if verdict == WAIT:
                return
            if verdict != READY:
                edge = f"[{dependency['containerName']}] for target [{container.name}] {verdict}"
                reason = f"CannotStartContainerError: dependency graph: container ordering dependency {edge}"
                container.give_up(EXIT_CODE_OF_FAILED_DEPENDENCY, reason)
                return
        container.start(bind(self.port_mappings(container)))

    def port_mappings(self, container: Container) -> list[dict[str, Any]]:
        mappings = container.payload.get("portMappings") or []
        if self.payload.get("networkMode") == "host":
            return [{**mapping, "hostPort": mapping["containerPort"]} for mapping in mappings]
        return list(mappings)

    def _end(self, container: Container) -> None:
        if container.running:
            container.stop()
        elif not container.stopped:
            container.give_up()

    def _verdict(self, dependency: dict[str, str]) -> str:
        """READY, WAIT, or why it can never be."""
        named = next(c for c in self.containers if c.name == dependency["containerName"])
        condition = dependency["condition"]
        if condition == "START" and (named.running or named.started):
            return READY
        if condition == "HEALTHY" and named.running and named.health == "HEALTHY":
            return READY
        if not named.stopped:
            return WAIT
        if not named.started:
            return "will never be resolved because dependency will never start"
        if condition == "COMPLETE" or (condition == "SUCCESS" and named.exit_code == 0):
            return READY
        if condition == "SUCCESS":
            return "cannot be resolved as dependency did not exit successfully."
        return "cannot be resolved because the dependency stopped before it was healthy."

    def report(self, cluster: str) -> dict[str, Any] | None:
        """What is to be told of it now; nothing while it is PENDING and all is well."""
        status = self.status
        if status == "PENDING" and not any(container.stopped for container in self.containers):
            return None
        return {
            "cluster": cluster,
            "task": self.arn,
            "status": status,
            "reason": self.reason[:REASON_LENGTH_MAX],
            "containers": [container_report(container) for container in self.containers],
        }


def container_report(container: Container) -> dict[str, Any]:
    phase = container.phase
    status = "STOPPED" if container.stopped else "RUNNING" if phase == RUNNING else "PENDING"
    entry: dict[str, Any] = {"containerName": container.name, "status": status}
    if phase != NONE and not container.reason.startswith("CannotPull"):
        entry |= {"runtimeId": container.runtime_id, "imageDigest": container.image_digest}
    if container.reason:
        entry["reason"] = container.reason[:REASON_LENGTH_MAX]
    if container.bindings:
        entry["networkBindings"] = container.bindings
    if container.stopped and container.exit_code is not None:
        entry["exitCode"] = container.exit_code
    return entry
