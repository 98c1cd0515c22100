"""What a look at a container changes, and what is then reported."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from shipway.agent.engine import Observed
from shipway.agent.observation import absorb, vanished
from shipway.agent.reports import report_of
from shipway.agent.task_state import (
    CREATED,
    PULLED,
    RESTARTING,
    RUNNING,
    STOPPED,
    ContainerState,
    NetworkBinding,
)
from tests.agent.builders import a_container, a_task, task_arn

NOW = 100_000
RUNS = ContainerState(name="web", phase=RUNNING, runtime_id="r", started_at=10_000)


def look(
    container: ContainerState, stopping: bool = False, spec: dict[str, Any] | None = None, **seen: Any
) -> ContainerState:
    observed = Observed(**{"runtime_id": "r", "started_at": 10_000, **seen})
    return absorb(container, a_task(spec or a_container()).spec("web"), observed, stopping, NOW)


def test_an_exit_is_told_as_it_was() -> None:
    """The exit code, and Docker's own words where it has any; out of memory beats them."""
    ended = look(RUNS, status="exited", exit_code=3, finished_at=20_000)
    assert (ended.phase, ended.exit_code, ended.finished_at, ended.reason) == (STOPPED, 3, 20_000, "")
    ended = look(RUNS, status="exited", exit_code=137, finished_at=20_000, oom_killed=True, error="x")
    assert ended.reason == "OutOfMemoryError: Container killed due to memory usage"
    assert look(RUNS, status="exited", exit_code=1, error="x").reason == "DockerStateError: x"


def test_stopped_is_final() -> None:
    """A late look at a running container changes nothing."""
    stopped = msgspec.structs.replace(RUNS, phase=STOPPED, exit_code=0)
    assert look(stopped, status="running") == stopped


def test_a_container_found_after_a_restart_of_the_agent() -> None:
    """Whatever was known before, it is where the engine has it."""
    fresh = ContainerState(name="web")
    assert look(fresh, status="created", started_at=0).phase == CREATED
    assert look(fresh, status="running").phase == RUNNING
    assert look(fresh, status="exited", exit_code=4).exit_code == 4
    never = look(fresh, status="exited", exit_code=128, started_at=0, error="no such file")
    assert (never.phase, never.exit_code, never.reason) == (
        STOPPED,
        None,
        "CannotStartContainerError: no such file",
    )


def test_health_counts_only_with_a_check_in_the_definition() -> None:
    """One that is baked into the image is nobody's business."""
    assert look(RUNS, status="running", health="HEALTHY").health == "UNKNOWN"
    checked = look(RUNS, spec=a_container(healthCheckType="docker"), status="running", health="HEALTHY")
    assert (checked.health, checked.health_since) == ("HEALTHY", NOW)


@pytest.mark.parametrize(
    ("policy", "exit_code", "stopping", "phase"),
    [
        ({"enabled": True, "restartAttemptPeriod": 60}, 1, False, RESTARTING),
        ({"enabled": True, "restartAttemptPeriod": 60}, 0, False, RESTARTING),
        ({"enabled": True, "restartAttemptPeriod": 600}, 1, False, STOPPED),
        ({"enabled": True, "restartAttemptPeriod": 60, "ignoredExitCodes": [1]}, 1, False, STOPPED),
        ({"enabled": True, "restartAttemptPeriod": 60}, 1, True, STOPPED),
        ({"enabled": False}, 1, False, STOPPED),
    ],
)
def test_restart_policy(policy: dict[str, Any], exit_code: int, stopping: bool, phase: str) -> None:
    """Restarted in place when it ran for the attempt period, unless the code is ignored or the task is
    ending.
    """
    spec = a_container(restartPolicy=policy)
    ended = look(RUNS, stopping, spec, status="exited", exit_code=exit_code, finished_at=80_000)
    assert ended.phase == phase
    if phase == RESTARTING:
        again = look(ended, stopping, spec, status="exited", exit_code=exit_code, finished_at=80_000)
        assert again == ended  # the same exit, seen twice


def test_a_container_removed_by_somebody_else_has_stopped() -> None:
    """ECS's own name for it."""
    assert vanished(RUNS, NOW).reason.startswith("ContainerVanishedError: ")


def reported(*containers: ContainerState, **members: Any) -> dict[str, Any] | None:
    task = a_task(*(a_container(container.name) for container in containers))
    for container in containers:
        task = task.with_container(container)
    return report_of(msgspec.structs.replace(task, **members), "default")


def test_nothing_is_reported_before_there_is_something_to_tell() -> None:
    """A pending task is only reported when one of its containers has ended."""
    assert reported(ContainerState(name="web")) is None
    assert reported(RUNS, ContainerState(name="side")) is None
    report = reported(msgspec.structs.replace(RUNS, phase=STOPPED, exit_code=1), ContainerState(name="side"))
    assert report is not None
    assert (report["status"], [c["status"] for c in report["containers"]]) == (
        "PENDING",
        ["STOPPED", "PENDING"],
    )


def test_digests_are_reported_as_soon_as_all_images_are_there() -> None:
    """Other tasks of the deployment wait for them. What the payload gave is not told before it runs."""
    pulled = ContainerState(name="web", phase=PULLED, image_digest="sha256:1")
    assert reported(pulled, ContainerState(name="side")) is None
    report = reported(pulled, msgspec.structs.replace(pulled, name="side", image_digest="sha256:2"))
    assert report is not None and report["status"] == "PENDING"
    assert [(c["status"], c["imageDigest"]) for c in report["containers"]] == [
        ("PENDING", "sha256:1"),
        ("PENDING", "sha256:2"),
    ]
    given = a_task(a_container("web", imageDigest="sha256:1")).with_container(pulled)
    assert report_of(given, "default") is None


def test_a_report_in_full() -> None:
    """Every container with all that is known; moments in seconds; long reasons are cut."""
    binding = NetworkBinding(bind_ip="127.0.1.1", container_port=80, host_port=8080, protocol="tcp")
    running = msgspec.structs.replace(RUNS, image_digest="sha256:1", network_bindings=(binding,))
    failed = ContainerState(name="side", phase=STOPPED, reason="x" * 2000)
    assert reported(running, failed, pull_started_at=1500, pull_stopped_at=2000) == {
        "cluster": "default",
        "task": task_arn(),
        "status": "RUNNING",
        "reason": "",
        "containers": [
            {
                "containerName": "web",
                "status": "RUNNING",
                "runtimeId": "r",
                "imageDigest": "sha256:1",
                "networkBindings": [
                    {"bindIP": "127.0.1.1", "containerPort": 80, "hostPort": 8080, "protocol": "tcp"}
                ],
            },
            {"containerName": "side", "status": "STOPPED", "reason": "x" * 1024},
        ],
        "pullStartedAt": 1.5,
        "pullStoppedAt": 2.0,
    }
