"""A task as a simulated agent has it: moved on by looking at it, whatever happened.

As in the real agent: images are pulled, containers start when what they depend on is there, a task is over
when it is told to stop or an essential container has ended, and its status is the least of its containers'.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shipway.simulator.containers import NONE, PULLED, RANK, RUNNING, Container

Bind = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
REASON_LENGTH_MAX = 1024


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
            elif container.phase == PULLED and self._may_start(container):
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

    def _may_start(self, container: Container) -> bool:
        return all(self._fulfilled(entry) for entry in container.payload.get("dependsOn") or ())

    def _fulfilled(self, dependency: dict[str, str]) -> bool:
        named = next(c for c in self.containers if c.name == dependency["containerName"])
        match dependency["condition"]:
            case "START":
                return named.running or named.stopped
            case "COMPLETE":
                return named.stopped
            case "SUCCESS":
                return named.stopped and named.exit_code == 0
            case _:
                return named.health == "HEALTHY"

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
