"""The world without faults: what users ask for comes to its end, and one seed tells one story."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shipway.model.target import Target
from shipway.model.task import Task
from shipway.simulator.scripts import Script, labels_of, script_of
from shipway.simulator.world import Refused, Unreachable, World
from tests.simulator.stories import is_steady, register, service, told, told_with_transcript, until

ROOT = Path(__file__).parent.parent.parent


async def deployed(world: World, **members: Any) -> dict[str, Any]:
    """Service web with three tasks, steady."""
    world.add_instances(3)
    await asyncio.sleep(1)
    await register(world, portMappings=[{"containerPort": 80}])
    await world.call("CreateService", serviceName="web", taskDefinition="web", desiredCount=3, **members)
    return await until(world, is_steady)


async def load_balanced(world: World) -> dict[str, Any]:
    """The same behind a load balancer."""
    group = await world.call(
        "CreateTargetGroup",
        "elbv2",
        Name="web",
        Protocol="HTTP",
        Port=80,
        VpcId="vpc-1",
        TargetType="instance",
    )
    balancer = await world.call("CreateLoadBalancer", "elbv2", Name="web", Subnets=["subnet-1", "subnet-2"])
    group_arn = group["TargetGroups"][0]["TargetGroupArn"]
    await world.call(
        "CreateListener",
        "elbv2",
        LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTP",
        Port=8080,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group_arn}],
    )
    binding = {"targetGroupArn": group_arn, "containerName": "web", "containerPort": 80}
    return await deployed(world, loadBalancers=[binding])


def test_a_service_reaches_its_steady_state() -> None:
    """Three tasks over three zones, and one says so."""

    async def story(world: World) -> None:
        found = await deployed(world)
        assert found["events"][0]["message"] == "(service web) has reached a steady state."
        zones = {task.availability_zone for task in world.store.state.all(Task)}
        assert zones == {"us-east-1a", "us-east-1b", "us-east-1c"}
        assert {task.status for _, task in world.fleet.tasks()} == {"RUNNING"}

    told(story)


def test_a_rolling_update_replaces_every_task_and_drains_its_targets() -> None:
    """Afterwards only the new revision's tasks are registered, and all are healthy."""

    async def story(world: World) -> None:
        await load_balanced(world)
        before = {target.task_arn for target in world.store.state.all(Target)}
        await register(world, script=Script(answers_after_ms=2_000), portMappings=[{"containerPort": 80}])
        await world.call("UpdateService", service="web", taskDefinition="web")
        await until(world, lambda found: len(found["deployments"]) == 2)
        await until(world, is_steady)
        targets = world.store.state.all(Target)
        assert [target.state for target in targets] == ["healthy"] * 3
        assert not before & {target.task_arn for target in targets}

    told(story)


def test_a_broken_revision_is_rolled_back() -> None:
    """Containers that end at once trip the circuit breaker."""

    async def story(world: World) -> None:
        breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
        good = (await deployed(world, deploymentConfiguration=breaker))["taskDefinition"]
        await register(world, script=Script(runs_ms=500, exit_code=1))
        await world.call("UpdateService", service="web", taskDefinition="web")
        found = await until(world, lambda found: is_steady(found) and found["taskDefinition"] == good)
        assert any("rolling back" in event["message"] for event in found["events"])

    told(story)


def test_a_task_ends_with_its_containers_exit_code() -> None:
    """RunTask, from PROVISIONING to STOPPED."""

    async def story(world: World) -> None:
        world.add_instances(1)
        await asyncio.sleep(1)
        await register(world, "once", Script(start_ms=200, runs_ms=5_000, exit_code=7))
        answer = await world.call("RunTask", taskDefinition="once")
        await asyncio.sleep(10)
        found = await world.call("DescribeTasks", tasks=[answer["tasks"][0]["taskArn"]])
        task = found["tasks"][0]
        assert (task["lastStatus"], task["containers"][0]["exitCode"]) == ("STOPPED", 7)
        assert 4.9 < task["stoppedAt"] - task["startedAt"] < 5.2

    told(story)


def test_an_image_that_cannot_be_pulled_stops_its_task() -> None:
    """The cause stays with the container, as on EC2."""

    async def story(world: World) -> None:
        world.add_instances(1)
        await asyncio.sleep(1)
        await register(world, "gone", Script(pull_error="manifest unknown"))
        answer = await world.call("RunTask", taskDefinition="gone")
        await asyncio.sleep(1)
        task = world.store.state.get(Task, answer["tasks"][0]["taskArn"])
        assert task is not None and task.stop_code == "TaskFailedToStart"
        assert task.containers[0].reason == "CannotPullContainerError: manifest unknown"

    told(story)


def test_what_was_acknowledged_survives_a_kill() -> None:
    """The control plane dies in the middle of a roll-out; the next one goes on from the record."""

    async def story(world: World) -> None:
        await deployed(world)
        await register(world)
        await world.call("UpdateService", service="web", taskDefinition="web", desiredCount=5)
        await asyncio.sleep(0.1)
        world.kill()
        with pytest.raises(Unreachable):
            await service(world)
        await asyncio.sleep(5)
        await world.start()
        found = await until(world, lambda found: is_steady(found) and found["runningCount"] == 5)
        assert found["taskDefinition"].endswith("web:2")
        running = [task.arn for _, task in world.fleet.tasks()]
        assert len(running) == len(set(running)) == 5

    told(story)


def test_an_agent_that_comes_back_reports_what_happened_meanwhile() -> None:
    """Its container died while it was cut off; the service is whole again afterwards."""

    async def story(world: World) -> None:
        await deployed(world)
        agent = next(iter(world.fleet.agents.values()))
        world.network.cut(agent.name)
        await asyncio.sleep(5)
        (task,) = agent.tasks.values()
        task.containers[0].end(137)
        await asyncio.sleep(200)
        assert (await service(world))["runningCount"] == 3  # nobody has heard of it
        world.network.mend(agent.name)
        await until(world, lambda found: found["runningCount"] == 2)
        await until(world, is_steady)

    told(story)


def test_errors_of_the_api_are_told() -> None:
    """With code and text, as a client of boto3 would see them."""

    async def story(world: World) -> None:
        with pytest.raises(Refused, match="ServiceNotFoundException"):
            await world.call("UpdateService", service="missing", desiredCount=1)

    told(story)


def test_scripts_travel_as_labels() -> None:
    """What is written is what is read; an unknown label is refused by name."""
    script = Script(start_ms=5, exit_code=3, healthy_after_ms=None)
    assert script_of(labels_of(script)) == script
    assert labels_of(Script()) == {}
    with pytest.raises(ValueError, match=r"no label shipway\.simulated\.exit"):
        script_of({"shipway.simulated.exit": "3"})
    with pytest.raises(ValueError, match="cannot be read"):
        script_of({"shipway.simulated.exit-code": "three"})


async def eventful(world: World) -> None:
    await load_balanced(world)
    await register(world, script=Script(runs_ms=20_000, exit_code=1), portMappings=[{"containerPort": 80}])
    await world.call("UpdateService", service="web", taskDefinition="web")
    await asyncio.sleep(60)
    world.kill(world.unsynced // 2)
    await asyncio.sleep(2)
    await world.start()
    await asyncio.sleep(60)


def test_one_seed_tells_one_story() -> None:
    """The same commits at the same moments, also in another process with another order of sets."""
    _, first = told_with_transcript(eventful, seed=7)
    _, again = told_with_transcript(eventful, seed=7)
    _, other = told_with_transcript(eventful, seed=8)
    assert first.text == again.text and first.digest == again.digest
    assert first.digest != other.digest
    code = "from tests.simulator.test_world import *\nprint(told_with_transcript(eventful, seed=7)[1].digest)"
    paths = os.pathsep.join((str(ROOT), str(ROOT / "src")))
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", code]
        ran = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
        assert ran.stdout.strip() == first.digest
