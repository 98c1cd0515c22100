"""A simulated container instance: its agent speaks Amazon's agent protocol, its containers are scripts.

What the control plane can notice is kept as the real agent keeps it: a payload is remembered before it is
acknowledged; tasks are known by ARN, for ever; reports are repeated until they are taken; a manifest that is
older than the last number is dropped. `kill` ends the agent's process and leaves the containers, as Docker
does; `lose_power` ends those too. What was remembered survives both.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Protocol

import msgspec

from shipway.agent.configuration import Configuration, Credentials
from shipway.agent.registration import registration_request
from shipway.simulator.agent_link import AgentLink
from shipway.simulator.agent_task import AgentTask
from shipway.simulator.containers import KILLED, Container
from shipway.simulator.network import Network
from shipway.simulator.submissions import Submissions

FIRST_DYNAMIC_PORT, LAST_DYNAMIC_PORT = 32768, 60999
REGISTER_AGAIN_S = 1.0
UNKNOWN_TASK = "TaskStateError: Agent could not progress task's state to stopped"

Message = dict[str, Any]


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What a container instance registers."""

    instance_id: str
    cluster: str
    address: str = "127.0.0.1"
    availability_zone: str = "us-east-1a"
    cpu: int = 2048
    memory: int = 4096
    region: str = "us-east-1"
    account_id: str = "000000000000"
    attributes: dict[str, str] = {}


class Witness(Protocol):
    """Who is told of everything that happens to containers: the load balancer, the invariants."""

    def taken(self, task: AgentTask) -> None:
        """A new task; nothing of it has begun, so its containers' scripts may still be changed."""
        ...

    def changed(self, agent: Agent, task: AgentTask, container: Container) -> None:
        """The container is in another phase, or its checks say something else."""
        ...


class Agent:
    def __init__(self, machine: Machine, network: Network, witness: Witness) -> None:
        self.machine = machine
        self.name = machine.instance_id
        self.arn = ""  # of the container instance, once registered
        self.alive = False
        self.tasks: dict[str, AgentTask] = {}
        self.over: set[str] = set()  # ARNs of tasks that have ended and were reported
        self._network = network
        self._witness = witness
        self._highest = -1
        self._next_port = FIRST_DYNAMIC_PORT
        self._submissions = Submissions(self.name, network, self._accepted)
        self._acs = AgentLink(self.name, network, self._acs_query, self._heard)
        self._acs.on_opened = self._submissions.hurry
        self._acs.on_refused = self._refused
        self._tcs = AgentLink(self.name, network, self._tcs_query, lambda kind, message: None)
        self._tcs.on_opened = self._publish_all
        self._registering: asyncio.TimerHandle | None = None

    # The process

    def start(self) -> None:
        """Starts the agent's process, or starts it again."""
        if self.alive:
            return
        self.alive = True
        if self.arn:
            self._connect()
        self._register()
        for task in list(self.tasks.values()):
            self._look(task)

    def kill(self) -> None:
        self.alive = False
        self._acs.stop()
        self._tcs.stop()
        self._submissions.die()
        if self._registering is not None:
            self._registering.cancel()
        for task in self.tasks.values():
            for container in task.containers:
                container.freeze()

    def lose_power(self) -> None:
        self.kill()
        for task in self.tasks.values():
            for container in task.containers:
                container.end(KILLED)

    @property
    def connected(self) -> bool:
        return self._acs.is_open

    @property
    def unreported(self) -> list[str]:
        return self._submissions.waiting

    # Registration

    def _register(self) -> None:
        self._registering = None
        request = registration_request(self._configuration(), "x86_64", self.arn)
        body = msgspec.json.encode(request)
        self._network.post(self.name, "RegisterContainerInstance", body, self._registered)

    def _registered(self, status: int, body: bytes) -> None:
        if not self.alive:
            return
        if status != 200:
            loop = asyncio.get_running_loop()
            self._registering = loop.call_later(REGISTER_AGAIN_S, self._register)
            return
        first = not self.arn
        self.arn = msgspec.json.decode(body)["containerInstance"]["containerInstanceArn"]
        if first:
            self._connect()

    def _connect(self) -> None:
        self._acs.start()
        self._tcs.start()

    def _refused(self, code: str) -> None:
        if code == "InvalidInstanceException" and self._registering is None:
            self._register()

    def _configuration(self) -> Configuration:
        machine = self.machine
        return Configuration(
            control_plane_url="",
            cluster=machine.cluster,
            data_folder=Path(),
            credentials=Credentials("", ""),
            region=machine.region,
            account_id=machine.account_id,
            instance_id=machine.instance_id,
            availability_zone=machine.availability_zone,
            address=machine.address,
            instance_type="shipway.simulated",
            cpu=machine.cpu,
            memory_mib=machine.memory,
            attributes=machine.attributes,
            task_network="simulated",
        )

    def _acs_query(self) -> dict[str, str]:
        return {
            "clusterArn": self.machine.cluster,
            "containerInstanceArn": self.arn,
            "sendCredentials": "true",
            "protocolVersion": "2",
        }

    def _tcs_query(self) -> dict[str, str]:
        return {"cluster": self.machine.cluster, "containerInstance": self.arn}

    # What the control plane says

    def _heard(self, kind: str, message: Message) -> None:
        if kind == "HeartbeatMessage":
            self._acs.send("HeartbeatAckRequest", {"messageId": message["messageId"]})
        elif kind == "PayloadMessage":
            self._highest = max(self._highest, int(message["seqNum"]))
            for payload in message["tasks"]:
                self._take(payload)
            self._acknowledge(message)
        elif kind == "TaskManifestMessage":
            self._compare(message)
        elif kind == "TaskStopVerificationAck":
            for entry in message["stopTasks"]:
                self._stop(entry["taskArn"])
        elif kind == "IAMRoleCredentialsMessage":
            self._acs.send("IAMRoleCredentialsAckRequest", {"messageId": message["messageId"]})

    def _acknowledge(self, message: Message) -> None:
        self._acs.send(
            "AckRequest",
            {
                "cluster": message["clusterArn"],
                "containerInstance": message["containerInstanceArn"],
                "messageId": message["messageId"],
            },
        )

    def _take(self, payload: dict[str, Any]) -> None:
        arn, stop = payload["arn"], payload["desiredStatus"] == "STOPPED"
        if arn in self.tasks:
            if stop:
                self._stop(arn)
            return
        task = AgentTask(payload, self._changed)
        if stop and arn not in self.over:
            task.reason = UNKNOWN_TASK
        if arn in self.over:
            task.containers.clear()
        self.tasks[arn] = task
        self._witness.taken(task)
        self._look(task)

    def _stop(self, arn: str) -> None:
        task = self.tasks.get(arn)
        if task is not None and not task.stopping:
            task.stopping = True
            self._look(task)

    def _compare(self, manifest: Message) -> None:
        if int(manifest["timeline"]) <= self._highest:
            return
        self._highest = int(manifest["timeline"])
        wanted = {entry["taskArn"]: entry["desiredStatus"] for entry in manifest["tasks"]}
        for arn in wanted:
            if arn in self.over and arn not in self.tasks:
                self._take({"arn": arn, "desiredStatus": "STOPPED"})
        self._acknowledge(manifest)
        candidates = [
            {
                "taskArn": task.arn,
                "taskClusterArn": task.cluster_arn or manifest["clusterArn"],
                "desiredStatus": "STOPPED",
            }
            for task in self.tasks.values()
            if not task.over and not task.stopping and wanted.get(task.arn) != "RUNNING"
        ]
        if candidates:
            answer = {"messageId": manifest["messageId"], "stopCandidates": candidates}
            self._acs.send("TaskStopVerificationMessage", answer)

    # What becomes of tasks

    def _changed(self, task: AgentTask, container: Container) -> None:
        self._witness.changed(self, task, container)
        if not self.alive or task.arn not in self.tasks:
            return
        if container.has_health_check and container.running:
            self._publish([task])
        self._look(task)

    def _look(self, task: AgentTask) -> None:
        task.advance(self._bind)
        report = task.report(self.machine.cluster)
        if report is not None:
            self._submissions.submit(task.arn, report, task.accepted)

    def _accepted(self, arn: str, body: bytes) -> None:
        task = self.tasks.get(arn)
        if task is None:
            return
        task.accepted = body
        if task.over and arn not in self._submissions.waiting:
            del self.tasks[arn]
            self.over.add(arn)
            self._submissions.forget(arn)

    def _bind(self, mappings: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Host ports of a container that starts: those that were asked for, or the next free ones."""
        bindings = []
        for mapping in mappings:
            given = int(mapping.get("hostPort") or 0)
            if not given:
                self._next_port = self._next_port + 1
                if self._next_port > LAST_DYNAMIC_PORT:
                    self._next_port = FIRST_DYNAMIC_PORT
                given = self._next_port
            bindings.append(
                {
                    "bindIP": "0.0.0.0",
                    "containerPort": mapping["containerPort"],
                    "hostPort": given,
                    "protocol": mapping.get("protocol", "tcp"),
                }
            )
        return bindings

    # Telemetry

    def _publish_all(self) -> None:
        self._publish([task for task in self.tasks.values() if not task.over])

    def _publish(self, tasks: list[AgentTask]) -> None:
        told = [
            {"taskArn": task.arn, "containers": checked}
            for task in tasks
            if (checked := [health_of(c) for c in task.containers if c.has_health_check])
        ]
        if told:
            self._tcs.send("PublishHealthRequest", {"tasks": told})


def health_of(container: Container) -> dict[str, str]:
    return {"containerName": container.name, "healthStatus": container.health}
