"""Containers' lines on their way through the whole agent, on both engines."""

from __future__ import annotations

from shipway.agent.agent import InstanceEngine
from shipway.agent.configuration import Configuration
from shipway.agent.simulated_engine import SimulatedEngine
from tests.agent.builders import a_container, a_payload, task_arn
from tests.agent.conftest import IMAGE, StartAgent
from tests.agent.fake_control_plane import FakeControlPlane, container_of


async def test_lines_are_shipped_to_the_stream_of_the_container(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    engine: InstanceEngine,
    start_agent: StartAgent,
) -> None:
    """awslogs: every line, in order, in the stream prefix/container/task-id, also of a container that
    ends at once.
    """
    start_agent(configuration, engine)
    log = {
        "Type": "awslogs",
        "Config": {
            "awslogs-group": "/ecs/hello",
            "awslogs-stream-prefix": "web",
            "awslogs-create-group": "true",
        },
    }
    script = "; ".join(f"echo line {number}" for number in range(50))
    await control_plane.run(
        a_payload(a_container(image=IMAGE, script=script, host_config={"LogConfig": log}))
    )
    await control_plane.until("50 lines", lambda: len(control_plane.log_events) >= 50)
    stream = f"web/web/{task_arn().rsplit('/', 1)[-1]}"
    assert control_plane.log_events == [("/ecs/hello", stream, f"line {number}") for number in range(50)]
    assert "CreateLogGroup" in [name for name, _ in control_plane.calls]


async def test_an_empty_line_takes_no_other_with_it(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    engine: InstanceEngine,
    start_agent: StartAgent,
) -> None:
    """CloudWatch Logs refuses an empty message and all that came with it: no event is made of one."""
    start_agent(configuration, engine)
    log = {"Type": "awslogs", "Config": {"awslogs-group": "/ecs/hello", "awslogs-create-group": "true"}}
    script = "echo one; echo; echo two"
    await control_plane.run(
        a_payload(a_container(image=IMAGE, script=script, host_config={"LogConfig": log}))
    )
    await control_plane.until("both lines", lambda: len(control_plane.log_events) >= 2)
    assert [message for _, _, message in control_plane.log_events] == ["one", "two"]


async def test_lines_of_one_event_are_shipped_together(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    engine: InstanceEngine,
    start_agent: StartAgent,
) -> None:
    """awslogs-multiline-pattern: a line that does not match belongs to the event before; the last event
    does not wait for the container's end.
    """
    start_agent(configuration, engine)
    options = {
        "awslogs-group": "/ecs/hello",
        "awslogs-create-group": "true",
        "awslogs-multiline-pattern": "^(INFO|ERROR)",
    }
    log = {"Type": "awslogs", "Config": options}
    script = "echo INFO begun; echo ERROR oh; echo trace; echo INFO end; sleep 1000"
    await control_plane.run(
        a_payload(a_container(image=IMAGE, script=script, host_config={"LogConfig": log}))
    )
    await control_plane.until("three events", lambda: len(control_plane.log_events) >= 3)
    found = [message for _, _, message in control_plane.log_events]
    assert found == ["INFO begun", "ERROR oh\ntrace", "INFO end"]


async def test_a_missing_log_group_stops_the_task_with_a_reason(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    simulated: SimulatedEngine,
    start_agent: StartAgent,
) -> None:
    """As on EC2: the container cannot start, and the reason names the log driver and the group's error."""
    control_plane.groups = set()
    start_agent(configuration, simulated)
    log = {"Type": "awslogs", "Config": {"awslogs-group": "missing"}}
    await control_plane.run(a_payload(a_container(host_config={"LogConfig": log})))
    stopped = await control_plane.reported(task_arn(), "STOPPED")
    assert container_of(stopped, "web")["reason"] == (
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: "
        "failed to create Cloudwatch log stream: ResourceNotFoundException: "
        "The specified log group does not exist."
    )
