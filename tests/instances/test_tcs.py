"""The telemetry link: health into the state, metrics into memory."""

from __future__ import annotations

from typing import Any

from shipway.instances.settings import LinkSettings
from shipway.model.container_instance import ContainerInstance
from shipway.model.task import Task
from shipway.store import Store
from tests.instances.agent_client import linked, tcs_query, telemetry_frame
from tests.instances.builders import INSTANCE, OTHER_INSTANCE, a_task, put
from tests.instances.conftest import Door, open_door


def health_report(*told: tuple[Task, str]) -> str:
    tasks = [
        {
            "taskArn": task.task_arn,
            "containers": [{"containerName": "web", "healthStatus": status, "statusSince": 1700000000.5}],
        }
        for task, status in told
    ]
    return telemetry_frame("PublishHealthRequest", {"metadata": {"messageId": "m"}, "tasks": tasks})


def health_of(store: Store, task: Task) -> str:
    now = store.state.get(Task, task.task_arn)
    assert now is not None
    return now.health_status


async def test_health_reaches_the_task_once(door: Door) -> None:
    """A changed health is one commit and a new version; the same again is none."""
    task = a_task(last_status="RUNNING")
    put(door.store, task)
    async with linked(door.port, tcs_query(INSTANCE)) as agent:
        await agent.send_text(health_report((task, "HEALTHY")))
        await agent.receive("AckPublishHealth")
        assert health_of(door.store, task) == "HEALTHY"
        commits = door.store.commits
        await agent.send_text(health_report((task, "HEALTHY")))
        await agent.receive("AckPublishHealth")
        assert door.store.commits == commits
        await agent.send_text(health_report((task, "UNHEALTHY")))
        await agent.receive("AckPublishHealth")
    assert health_of(door.store, task) == "UNHEALTHY"
    now = door.store.state.get(Task, task.task_arn)
    assert now is not None
    assert now.version == task.version + 2


async def test_health_of_other_instances_and_of_the_dead_is_left_alone(door: Door) -> None:
    """An agent tells of its own living tasks, and only in words that ECS has."""
    elsewhere = a_task(1, container_instance_arn=OTHER_INSTANCE)
    dead, odd, unknown = a_task(2, last_status="STOPPED"), a_task(3), a_task(4)
    put(door.store, elsewhere, dead, odd)
    async with linked(door.port, tcs_query(INSTANCE)) as agent:
        commits = door.store.commits
        report = health_report((elsewhere, "HEALTHY"), (dead, "HEALTHY"), (odd, "FINE"), (unknown, "HEALTHY"))
        await agent.send_text(report)
        await agent.receive("AckPublishHealth")
        assert door.store.commits == commits


async def test_a_container_without_health_check_has_no_health(door: Door) -> None:
    """A health check of the image alone is not ECS's matter."""
    task = a_task()
    container = task.containers[0].__class__(container_arn="c", name="web", image="i")
    put(door.store, a_task(containers=(container,)))
    async with linked(door.port, tcs_query(INSTANCE)) as agent:
        await agent.send_text(health_report((task, "UNHEALTHY")))
        await agent.receive("AckPublishHealth")
    now = door.store.state.get(Task, task.task_arn)
    assert now is not None
    assert now.containers[0].health_status == "UNKNOWN"


async def test_metrics_are_kept_in_memory(door: Door) -> None:
    """CPU and memory are averages over the report, summed over containers; nothing is committed."""
    task = a_task()

    def figures(value: float) -> dict[str, Any]:
        return {"min": value, "max": value, "sum": 2 * value, "sampleCount": 2}

    containers = [
        {"containerName": name, "cpuStatsSet": figures(cpu), "memoryStatsSet": figures(memory)}
        for name, cpu, memory in (("web", 12.5, 20), ("side", 2.5, 4))
    ]
    message = {"taskMetrics": [{"taskArn": task.task_arn, "containerMetrics": containers}], "timestamp": 1.5}
    async with linked(door.port, tcs_query(INSTANCE)) as agent:
        commits = door.store.commits
        await agent.send_text(telemetry_frame("PublishMetricsRequest", message))
        await agent.receive("AckPublishMetric")
        used = door.instances.telemetry.task(task.task_arn)
        assert used is not None
        assert (used.cpu_percent, used.memory_mib) == (15.0, 24.0)
        assert door.instances.telemetry.instance(INSTANCE) == used
        assert door.store.commits == commits


async def test_instance_status_is_written_when_it_changes(door: Door) -> None:
    """The container runtime's health is the instance's; it is told often and written seldom."""

    def report(status: str) -> str:
        statuses = [{"type": "ContainerRuntime", "status": status, "lastUpdated": 1.0}]
        return telemetry_frame("PublishInstanceStatusRequest", {"metadata": {}, "statuses": statuses})

    async with linked(door.port, tcs_query(INSTANCE)) as agent:
        for status in ("OK", "OK", "IMPAIRED"):
            await agent.send_text(report(status))
            await agent.receive("AckPublishInstanceStatus")
            instance = door.store.state.get(ContainerInstance, INSTANCE)
            assert instance is not None
            assert [entry["status"] for entry in instance.health_statuses] == [status]
    assert door.store.commits == 1 + 2


async def test_telemetry_beats_and_does_not_mean_connected(store: Store) -> None:
    """The agent is kept from hanging up; being connected is ACS's matter."""
    async with (
        open_door(store, LinkSettings(heartbeat_s=0.02)) as door,
        linked(door.port, tcs_query(INSTANCE)) as agent,
    ):
        assert (await agent.receive("HeartbeatMessage")) == {"healthy": True}
        instance = store.state.get(ContainerInstance, INSTANCE)
        assert instance is not None
        assert not instance.agent_connected
