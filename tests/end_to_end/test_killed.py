"""Whatever is killed, and whenever: nothing is lost, nothing is doubled, and the page goes on answering."""

from __future__ import annotations

import json
import os
import signal
from itertools import chain

import pytest

from tests.end_to_end.local_ecs import Document, LocalEcs, docker, eventually, fetch, is_stable
from tests.end_to_end.pages import web_container

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def url(victim: LocalEcs) -> str:
    """A service of two tasks behind a load balancer, steady."""
    group = victim.load_balancer("lived", "instance")
    definition = victim.register("lived", web_container())
    victim.ecs.create_service(
        serviceName="lived",
        taskDefinition=definition,
        desiredCount=2,
        loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 80}],
    )
    victim.stable("lived")
    eventually("targets are healthy", lambda: victim.target_states(group), lambda s: s == ["healthy"] * 2)
    return victim.url("lived")


def runtime_ids(tasks: list[Document]) -> dict[str, list[str]]:
    return {task["taskArn"]: [c["runtimeId"] for c in task["containers"]] for task in tasks}


def running_containers(ecs: LocalEcs, task_definition_family: str) -> list[str]:
    label = f"label=com.amazonaws.ecs.task-definition-family={task_definition_family}"
    own = f"label=shipway.installation={ecs.installation}"
    return sorted(docker("ps", "--no-trunc", "--quiet", "--filter", label, "--filter", own))


def test_killed_control_plane_must_find_everything_again(victim: LocalEcs, url: str) -> None:
    """The same tasks, the same containers, none doubled; the load balancer answers even while it is dead."""
    before = runtime_ids(victim.service_tasks("lived"))
    victim.kill_control_plane()
    assert fetch(url) == "1\n"
    victim.up()
    assert fetch(url) == "1\n"
    assert runtime_ids(victim.stable("lived")) == before
    assert running_containers(victim, "lived") == sorted(chain.from_iterable(before.values()))
    assert victim.url("lived") == url


def test_what_was_acknowledged_must_outlive_a_kill(victim: LocalEcs, url: str) -> None:
    """Killed as soon as UpdateService has answered: the next start goes on to the new desired count."""
    before = runtime_ids(victim.service_tasks("lived"))
    victim.ecs.update_service(service="lived", desiredCount=4)
    victim.kill_control_plane()
    victim.up()
    eventually(
        "four tasks run",
        lambda: victim.service("lived"),
        lambda service: service["runningCount"] == 4 and is_stable(service),
    )
    after = runtime_ids(victim.service_tasks("lived"))
    assert before.items() <= after.items()
    assert running_containers(victim, "lived") == sorted(chain.from_iterable(after.values()))
    victim.ecs.update_service(service="lived", desiredCount=2)
    eventually("two are left", lambda: running_containers(victim, "lived"), lambda found: len(found) == 2)
    assert fetch(url) == "1\n"


def test_killed_agent_must_adopt_its_containers(victim: LocalEcs, url: str) -> None:
    """It is started again, knows its tasks from Docker, and can stop them."""
    before = runtime_ids(victim.stable("lived"))
    for process in victim.processes():
        if process.name == "shipway.agent":
            os.kill(process.pid, signal.SIGKILL)

    def restarts() -> list[int]:
        status = json.loads(victim.shipway("local", "status", "-o", "json"))
        connected = [instance for instance in status["instances"] if instance["connected"]]
        return [agent["restarts"] for agent in status["agents"] if len(connected) == len(status["agents"])]

    eventually("both agents are back", restarts, lambda seen: seen == [1, 1])
    assert runtime_ids(victim.stable("lived")) == before
    stopped, kept = before
    victim.ecs.stop_task(task=stopped, reason="by its new agent")
    assert victim.ended(stopped)["containers"][0]["exitCode"] == 143
    after = runtime_ids(victim.stable("lived"))
    assert after[kept] == before[kept]
    assert stopped not in after
    assert fetch(url) == "1\n"


def test_killed_container_must_be_replaced(victim: LocalEcs, url: str) -> None:
    """Its task is kept, STOPPED, with the exit code and ECS's own words; another takes its place."""
    killed, kept = victim.stable("lived")
    docker("kill", killed["containers"][0]["runtimeId"])
    task = victim.ended(killed["taskArn"])
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["stoppedReason"] == "Essential container in task exited"
    assert [(c["lastStatus"], c["exitCode"]) for c in task["containers"]] == [("STOPPED", 137)]
    now = eventually(
        "two tasks run",
        lambda: victim.service_tasks("lived"),
        lambda tasks: [t["lastStatus"] for t in tasks] == ["RUNNING"] * 2,
    )
    assert kept["taskArn"] in runtime_ids(now)
    assert killed["taskArn"] in victim.ecs.list_tasks(desiredStatus="STOPPED")["taskArns"]
    assert fetch(url) == "1\n"
