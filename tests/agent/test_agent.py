"""The whole agent against a fake control plane, on both engines."""

from __future__ import annotations

import asyncio

import pytest

from shipway.agent.agent import Agent, InstanceEngine, RegistrationRefused
from shipway.agent.configuration import Configuration
from shipway.agent.docker_engine import DockerEngine
from shipway.agent.engine import LOCAL, EngineError, Image, RegistryLogin
from shipway.agent.simulated_engine import SimulatedEngine
from shipway.seams import RandomIds, SystemClock
from tests.agent.builders import a_container, a_payload, task_arn
from tests.agent.conftest import IMAGE, StartAgent
from tests.agent.fake_control_plane import INSTANCE_ARN, FakeControlPlane, container_of


async def test_a_task_runs_and_its_exit_code_is_told(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    engine: InstanceEngine,
    start_agent: StartAgent,
) -> None:
    """RUNNING is reported, then STOPPED with the container's own exit code; the payload is acknowledged."""
    start_agent(configuration, engine)
    message_id = await control_plane.run(a_payload(a_container(script="sleep 0.3; exit 7", image=IMAGE)))
    running = await control_plane.reported(task_arn(), "RUNNING")
    assert container_of(running, "web")["status"] == "RUNNING"
    assert len(container_of(running, "web")["runtimeId"]) == 64
    stopped = await control_plane.reported(task_arn(), "STOPPED")
    assert container_of(stopped, "web")["exitCode"] == 7
    assert stopped["executionStoppedAt"] > 0
    await control_plane.acknowledged(message_id)


@pytest.mark.parametrize(("script", "exit_code"), [("sleep 1000", 143), ("trap '' TERM; sleep 1000", 137)])
async def test_a_stopped_task_tells_how_it_ended(
    script: str,
    exit_code: int,
    control_plane: FakeControlPlane,
    configuration: Configuration,
    engine: InstanceEngine,
    start_agent: StartAgent,
) -> None:
    """SIGTERM ends with 143; what ignores it is killed after stopTimeout and ends with 137."""
    start_agent(configuration, engine)
    # A shell as process 1 ignores SIGTERM by itself; docker's init forwards it and dies of it.
    host_config = {"Init": True} if exit_code == 143 else {}
    await control_plane.run(
        a_payload(a_container(script=script, image=IMAGE, stopTimeout=2, host_config=host_config))
    )
    await control_plane.reported(task_arn(), "RUNNING")
    await control_plane.stop_task(task_arn())
    stopped = await control_plane.reported(task_arn(), "STOPPED")
    assert container_of(stopped, "web")["exitCode"] == exit_code


async def test_an_image_that_cannot_be_pulled_is_named(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    engine: InstanceEngine,
    start_agent: StartAgent,
) -> None:
    """The container's reason begins with ECS's error name; it has no exit code."""
    start_agent(configuration, engine)
    await control_plane.run(a_payload(a_container(image="127.0.0.1:9/missing:1")))
    stopped = await control_plane.reported(task_arn(), "STOPPED")
    assert container_of(stopped, "web")["reason"].startswith("CannotPullContainerError: ")
    assert "exitCode" not in container_of(stopped, "web")


async def test_an_unacknowledged_payload_may_come_again(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    simulated: SimulatedEngine,
    start_agent: StartAgent,
) -> None:
    """A second delivery makes no second container, and neither does one after the task has ended."""
    start_agent(configuration, simulated)
    payload = a_payload(a_container(script="sleep 0.1; exit 0"))
    await control_plane.run(payload, message_id="one")
    await control_plane.run(payload, message_id="one")
    await control_plane.reported(task_arn(), "STOPPED")
    await control_plane.acknowledged(await control_plane.run(payload))
    assert sum(call.startswith("create") for call in simulated.calls) == 1


async def test_health_is_told_as_soon_as_it_changes(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    engine: InstanceEngine,
    start_agent: StartAgent,
) -> None:
    """A health check's verdict arrives over telemetry, and never for containers without a check in their
    definition.
    """
    start_agent(configuration, engine)
    second = 1_000_000_000
    check = {
        "Healthcheck": {"Test": ["CMD-SHELL", "exit 0"], "Interval": second, "Timeout": second, "Retries": 1}
    }
    checked = a_container(image=IMAGE, healthCheckType="docker", config=check)
    await control_plane.run(a_payload(checked, a_container("side", image=IMAGE)))
    running = await control_plane.reported(task_arn(), "RUNNING")
    if isinstance(engine, SimulatedEngine):
        engine.set_health(container_of(running, "web")["runtimeId"], "HEALTHY")

    def verdicts() -> list[dict[str, str]]:
        published = [message for kind, message in control_plane.telemetry if kind == "PublishHealthRequest"]
        return [
            c
            for m in published
            for t in m["tasks"]
            for c in t["containers"]
            if c["healthStatus"] == "HEALTHY"
        ]

    found = await control_plane.until("HEALTHY", verdicts)
    assert [container["containerName"] for container in found] == ["web"] * len(found)


async def test_a_member_that_is_not_applied_is_refused_by_name(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    simulated: SimulatedEngine,
    start_agent: StartAgent,
) -> None:
    """Nothing is dropped in silence: the task stops, the reason names the member, and the payload is
    acknowledged.
    """
    start_agent(configuration, simulated)
    message_id = await control_plane.run(a_payload(a_container(environmentFiles=[{"value": "a"}])))
    stopped = await control_plane.reported(task_arn(), "STOPPED")
    assert "container web: this agent does not apply environmentFiles" in stopped["reason"]
    await control_plane.acknowledged(message_id)
    assert simulated.calls == []


async def test_what_is_not_in_the_manifest_is_stopped_after_verification(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    simulated: SimulatedEngine,
    start_agent: StartAgent,
) -> None:
    """The agent asks first, and stops what the control plane confirms."""
    start_agent(configuration, simulated)
    kept, dropped = "a" * 32, "b" * 32
    for task_id in (kept, dropped):
        await control_plane.run(a_payload(task_id=task_id))
        await control_plane.reported(task_arn(task_id), "RUNNING")
    message_id = await control_plane.manifest(task_arn(kept))
    question = await control_plane.until(
        "a verification", lambda: [m for k, m in control_plane.frames if k == "TaskStopVerificationMessage"]
    )
    assert [entry["taskArn"] for entry in question[0]["stopCandidates"]] == [task_arn(dropped)]
    stops = [{"taskArn": task_arn(dropped), "desiredStatus": "STOPPED"}]
    await control_plane.send("TaskStopVerificationAck", {"messageId": message_id, "stopTasks": stops})
    await control_plane.reported(task_arn(dropped), "STOPPED")
    assert [report["status"] for report in control_plane.reports(task_arn(kept))] == ["PENDING", "RUNNING"]


async def test_a_task_never_heard_of_is_stopped_at_once(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    simulated: SimulatedEngine,
    start_agent: StartAgent,
) -> None:
    """Desired STOPPED for an unknown ARN is answered with STOPPED, so that lost tasks can be cleared up."""
    start_agent(configuration, simulated)
    await control_plane.stop_task(task_arn())
    stopped = await control_plane.reported(task_arn(), "STOPPED")
    assert stopped["reason"] == "TaskStateError: Agent could not progress task's state to stopped"


async def test_reports_are_repeated_until_they_are_taken(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    simulated: SimulatedEngine,
    start_agent: StartAgent,
) -> None:
    """A control plane in trouble loses nothing: the order of a task's reports stays."""
    start_agent(configuration, simulated)
    control_plane.refuse["SubmitTaskStateChange"] = (500, {"__type": "ServerException", "message": "no"})
    await control_plane.run(a_payload(a_container(script="sleep 0.1; exit 0")))
    await control_plane.until("three attempts", lambda: len(control_plane.reports(task_arn())) >= 3)
    assert {report["status"] for report in control_plane.reports(task_arn())} == {"PENDING"}
    del control_plane.refuse["SubmitTaskStateChange"]
    control_plane.calls.clear()
    await control_plane.reported(task_arn(), "STOPPED")
    statuses = [report["status"] for report in control_plane.reports(task_arn())]
    assert statuses == ["PENDING", "RUNNING", "STOPPED"]


async def test_a_lost_link_is_opened_again(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    simulated: SimulatedEngine,
    start_agent: StartAgent,
) -> None:
    """The first connection of a process asks for credentials, later ones do not; heartbeats are answered
    on both.
    """
    start_agent(configuration, simulated)
    await control_plane.send("HeartbeatMessage", {"messageId": "beat-1", "healthy": True})
    await control_plane.until(
        "an answer", lambda: ("HeartbeatAckRequest", {"messageId": "beat-1"}) in control_plane.frames
    )
    await control_plane.drop_links()
    await control_plane.until("a second link", lambda: len(control_plane.acs_queries) == 2)
    await control_plane.send("HeartbeatMessage", {"messageId": "beat-2", "healthy": True})
    await control_plane.until(
        "an answer", lambda: ("HeartbeatAckRequest", {"messageId": "beat-2"}) in control_plane.frames
    )
    assert [query["sendCredentials"] for query in control_plane.acs_queries] == ["true", "false"]
    assert control_plane.acs_queries[0]["containerInstanceArn"] == INSTANCE_ARN


async def test_a_finished_task_is_cleared_away(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    engine: InstanceEngine,
    start_agent: StartAgent,
) -> None:
    """After the clean-up time nothing of a stopped task is left on the engine."""
    start_agent(configuration, engine)
    await control_plane.run(a_payload(a_container(script="exit 0", image=IMAGE)))
    await control_plane.reported(task_arn(), "STOPPED")
    async with asyncio.timeout(30):
        async for _ in engine.events():
            if not await engine.observe():
                break


async def test_containers_run_in_the_order_of_their_dependencies(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    engine: InstanceEngine,
    start_agent: StartAgent,
) -> None:
    """An init container has to succeed before the next is made; when it fails, the task never runs."""
    start_agent(configuration, engine)
    for task_id, exit_code in (("a" * 32, 0), ("b" * 32, 3)):
        init = a_container("init", f"exit {exit_code}", image=IMAGE, essential=False)
        needs = [{"containerName": "init", "condition": "SUCCESS"}]
        await control_plane.run(
            a_payload(init, a_container(image=IMAGE, dependsOn=needs), task_id=task_id),
        )
    running = await control_plane.reported(task_arn("a" * 32), "RUNNING")
    assert container_of(running, "init")["exitCode"] == 0
    stopped = await control_plane.reported(task_arn("b" * 32), "STOPPED")
    assert container_of(stopped, "init")["exitCode"] == 3
    failed = container_of(stopped, "web")
    assert (failed["exitCode"], "runtimeId" in failed) == (143, False)
    assert failed["reason"].endswith("cannot be resolved as dependency did not exit successfully.")


async def test_an_instance_that_is_not_wanted_ends(
    control_plane: FakeControlPlane, configuration: Configuration, simulated: SimulatedEngine
) -> None:
    """A refused registration is final; one that only failed is tried again."""
    agent = Agent(configuration, simulated, SystemClock(), RandomIds())
    refusal = {"__type": "ClientException", "message": "Cluster not found."}
    control_plane.refuse["RegisterContainerInstance"] = (500, {"__type": "ServerException"})
    running = asyncio.create_task(agent.run())
    await control_plane.until("two attempts", lambda: len(control_plane.calls) >= 2)
    control_plane.refuse["RegisterContainerInstance"] = (400, refusal)
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(running, 20)
    assert caught.group_contains(RegistrationRefused, match="Cluster not found")


@pytest.mark.docker
async def test_memory_that_runs_out_is_named(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    start_agent: StartAgent,
    instance_id: str,
    image: str,
) -> None:
    """Killed by its memory limit: 137 and ECS's name for it."""
    start_agent(configuration, DockerEngine(instance_id))
    # Not at once: Docker begins to watch the memory of a container a moment after its start.
    script = "sleep 0.5; exec tail /dev/zero"
    await control_plane.run(a_payload(a_container(script=script, image=image, memory=16)))
    stopped = await control_plane.reported(task_arn(), "STOPPED")
    container = container_of(stopped, "web")
    assert (container["exitCode"], container["reason"].split(":")[0]) == (137, "OutOfMemoryError")


async def test_what_was_not_taken_is_told_by_the_next_agent(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    simulated: SimulatedEngine,
    start_agent: StartAgent,
) -> None:
    """The control plane was away when the task ended, and the agent ended before it was back: its file says
    how the task ended, and nothing changes any more.
    """
    control_plane.refuse["SubmitTaskStateChange"] = (503, {})
    first = start_agent(configuration, simulated)
    await control_plane.run(a_payload(a_container(script="exit 7")))
    await control_plane.until("an attempt", lambda: control_plane.reports(task_arn()))
    stopped = await control_plane.until("the end", lambda: ended_in(configuration))
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert stopped
    control_plane.refuse.clear()
    control_plane.calls.clear()
    start_agent(configuration, simulated)
    report = await control_plane.reported(task_arn(), "STOPPED")
    assert container_of(report, "web")["exitCode"] == 7


def ended_in(configuration: Configuration) -> bool:
    return any(
        '"phase":"STOPPED"' in path.read_text()
        for path in (configuration.data_folder / "tasks").glob("*.json")
    )


class Unreachable(SimulatedEngine):
    """A registry that nobody answers for; what was pulled before is still there."""

    async def pull(self, image: str, login: RegistryLogin | None, policy: str) -> Image:
        if policy != LOCAL:
            raise EngineError("dial tcp 127.0.0.1:5000: connect: connection refused", retry=True)
        return await super().pull(image, login, policy)


async def test_an_image_that_is_here_will_do_when_its_registry_is_away(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    instance_id: str,
    start_agent: StartAgent,
) -> None:
    """Pull behaviour `default`, as Amazon's agent has it: the pull is tried again first."""
    engine = Unreachable(instance_id, SystemClock(), RandomIds())
    engine.present["127.0.0.1:5000/web:1"] = ""
    start_agent(configuration, engine)
    await control_plane.run(a_payload(a_container(image="127.0.0.1:5000/web:1")))
    await control_plane.reported(task_arn(), "RUNNING")
