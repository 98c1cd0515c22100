"""The agent put together: its loop over the tasks, its two links, its metadata server."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
from typing import Any, Protocol

from shipway.agent.acs import Acs
from shipway.agent.configuration import Configuration
from shipway.agent.container_body import InstanceFacts
from shipway.agent.control_plane import CallError, ControlPlane, Unreachable
from shipway.agent.engine import Engine, Gauge, Terminals
from shipway.agent.exec_channel import ExecChannel
from shipway.agent.intake import Intake
from shipway.agent.log_streams import LogStreams
from shipway.agent.metadata_server import MetadataServer
from shipway.agent.registration import AGENT_HASH, AGENT_VERSION, registration_request
from shipway.agent.registry_login import RegistryLogins
from shipway.agent.reports import report_text
from shipway.agent.resources import Capacity
from shipway.agent.secrets import Secrets
from shipway.agent.session import Refused, connect, keep_connected
from shipway.agent.step_application import StepApplication
from shipway.agent.step_plan import PlanSettings
from shipway.agent.submissions import Submissions
from shipway.agent.task_files import TaskFiles
from shipway.agent.task_loop import TaskLoop
from shipway.agent.task_memory import TaskMemory
from shipway.agent.tcs import Tcs
from shipway.seams import Clock, Ids

REGISTER_RETRY_S_FIRST, REGISTER_RETRY_S_MAX = 0.25, 3.0
EXIT_CODE_DO_NOT_RESTART = 5
logger = logging.getLogger(__name__)


class RegistrationRefused(Exception):
    """The control plane does not want this instance; starting again would change nothing."""


class InstanceEngine(Engine, Gauge, Terminals, Protocol):
    """An engine that is opened and closed, and tells its versions."""

    @property
    def version(self) -> str: ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...


class Agent:
    """One container instance. `run` serves until it is cancelled; containers are left as they are."""

    def __init__(self, configuration: Configuration, engine: InstanceEngine, clock: Clock, ids: Ids) -> None:
        self._configuration = configuration
        self._engine = engine
        self._clock = clock
        self._ids = ids
        configuration.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._memory = TaskMemory(TaskFiles(configuration.data_folder))
        self._instance_arn = self._memory.registration.container_instance_arn
        self._first_connection = True

    async def run(self) -> None:
        """Raises EngineError when there is no engine, RegistrationRefused when the control plane says no."""
        await self._engine.open()
        control_plane = ControlPlane(self._configuration, self._clock)
        try:
            await self._run(control_plane)
        finally:
            await control_plane.close()
            await self._engine.close()

    async def _run(self, control_plane: ControlPlane) -> None:
        configuration, clock = self._configuration, self._clock
        folder = configuration.data_folder / "logs"
        streams = LogStreams(self._engine, control_plane, folder)
        loop_tasks: dict[str, Any] = {}
        metadata = MetadataServer(
            lambda: list(loop_tasks.values()), self._engine, configuration.availability_zone
        )
        facts = await self._start_metadata(metadata)
        logins = RegistryLogins(control_plane, clock)
        secrets = Secrets(control_plane)
        application = StepApplication(
            self._engine, logins, secrets, streams, facts, configuration.pull_behavior
        )
        loop = TaskLoop(self._engine, self._memory, application, streams, clock)
        loop.tasks = loop_tasks
        loop.settings = plan_settings(configuration)
        loop.submissions = Submissions(control_plane, lambda report: _note(loop, report))
        tcs = Tcs(configuration, control_plane, loop, self._engine, clock, self._ids)
        tcs.instance_arn = lambda: self._instance_arn
        loop.health_changed = tcs.health_changed
        sessions = ExecChannel(control_plane, loop_tasks, self._engine, clock, self._ids)
        loop.sessions_wanted = sessions.wanted.set
        intake = Intake(loop, self._memory, clock, self._ids, configuration.task_network)
        acs = Acs(intake, self._memory, loop.submissions.reachable.set)
        await loop.restore()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(loop.run())
                await self._register(control_plane)
                refused = lambda: self._register(control_plane)  # noqa: E731
                group.create_task(keep_connected("ACS", lambda: self._acs(control_plane, acs), refused))
                group.create_task(keep_connected("TCS", lambda: self._tcs(control_plane, tcs), refused))
                endpoint = configuration.control_plane_url
                group.create_task(sessions.run(endpoint, lambda: self._instance_arn))
        finally:
            await loop.submissions.close()
            await metadata.stop()

    async def _start_metadata(self, metadata: MetadataServer) -> InstanceFacts:
        configuration = self._configuration
        wanted = configuration.metadata_port or self._memory.registration.metadata_port
        port = await metadata.start(wanted)
        if port != self._memory.registration.metadata_port:
            self._memory.register(metadata_port=port)
        facts = InstanceFacts(
            cluster=configuration.cluster,
            instance_id=configuration.instance_id,
            installation=configuration.installation,
            address=configuration.address,
            region=configuration.region,
            metadata_port=port,
            link_local=configuration.link_local,
            task_network=configuration.task_network,
            publish_task_ports=configuration.publish_task_ports,
            machine_cpus=os.cpu_count() or 1,
        )
        metadata.describe(facts)
        return facts

    async def _register(self, control_plane: ControlPlane) -> None:
        """Until it is done. A cluster of another name makes this another instance."""
        known = self._memory.registration
        arn = known.container_instance_arn if known.cluster == self._configuration.cluster else ""
        request = registration_request(self._configuration, platform.machine(), arn)
        pause_s = REGISTER_RETRY_S_FIRST
        while True:
            try:
                answer = await control_plane.call("ecs", "RegisterContainerInstance", request)
                break
            except Unreachable as error:
                logger.info("not registered yet: %s", error)
            except CallError as error:
                if not error.passing:
                    raise RegistrationRefused(
                        f"The control plane refused to register this instance: {error}"
                    ) from error
                logger.info("not registered yet: %s", error)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, REGISTER_RETRY_S_MAX)
        self._instance_arn = str(answer["containerInstance"]["containerInstanceArn"])
        self._memory.register(cluster=self._configuration.cluster, container_instance_arn=self._instance_arn)
        logger.info("registered as %s", self._instance_arn)

    async def _endpoints(self, control_plane: ControlPlane) -> dict[str, Any]:
        request = {"containerInstance": self._instance_arn, "cluster": self._configuration.cluster}
        try:
            return await control_plane.call("ecs", "DiscoverPollEndpoint", request)
        except CallError as error:
            if error.passing:
                raise
            raise Refused(f"the control plane does not know this instance: {error}") from error

    async def _acs(self, control_plane: ControlPlane, acs: Acs) -> None:
        endpoint = str((await self._endpoints(control_plane))["endpoint"])
        query = {
            "agentHash": AGENT_HASH,
            "agentVersion": AGENT_VERSION,
            "clusterArn": self._configuration.cluster,
            "containerInstanceArn": self._instance_arn,
            "dockerVersion": f"DockerVersion: {self._engine.version}",
            "protocolVersion": "2",
            "seqNum": "1",
            "sendCredentials": "true" if self._first_connection else "false",
        }
        async with await connect(control_plane, endpoint, query) as connection:
            self._first_connection = False
            logger.info("ACS: connected")
            await acs.serve(connection)

    async def _tcs(self, control_plane: ControlPlane, tcs: Tcs) -> None:
        answer = await self._endpoints(control_plane)
        endpoint = str(answer.get("telemetryEndpoint") or answer["endpoint"])
        query = {
            "agentHash": AGENT_HASH,
            "agentVersion": AGENT_VERSION,
            "cluster": self._configuration.cluster,
            "containerInstance": self._instance_arn,
            "dockerVersion": f"DockerVersion: {self._engine.version}",
        }
        async with await connect(control_plane, endpoint, query) as connection:
            await tcs.serve(connection, str(endpoint))


def _note(loop: TaskLoop, report: dict[str, Any]) -> None:
    loop.accepted(str(report["task"]), report_text(report), str(report["status"]))


def plan_settings(configuration: Configuration) -> PlanSettings:
    return PlanSettings(
        capacity=Capacity(configuration.cpu, configuration.memory_mib),
        stop_timeout_s=configuration.stop_timeout_s,
        cleanup_wait_ms=configuration.cleanup_wait_s * 1000,
    )
