"""The agent's heart: what it would do next, as text."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.agent.resources import Capacity
from shipway.agent.step_plan import PlanSettings, plan_steps
from shipway.agent.task_state import (
    CREATED,
    NONE,
    PAUSE_NAME,
    PULLED,
    RESTARTING,
    RUNNING,
    STOPPED,
    ContainerState,
    TaskState,
)
from tests.agent.builders import a_container, a_task, an_interface

SETTINGS = PlanSettings(
    capacity=Capacity(cpu=1024, memory_mib=1024), stop_timeout_s=30, cleanup_wait_ms=60_000
)
NOW = 100_000
AWSLOGS = {"LogConfig": {"Type": "awslogs", "Config": {"awslogs-group": "g", "awslogs-stream": "s"}}}
TASK = "0123456789abcdef0123456789abcdef"


def planned(*tasks: TaskState, now_ms: int = NOW) -> str:
    return plan_steps(tasks, SETTINGS, now_ms).render().replace(TASK, "T")


def at(task: TaskState, **phases: str) -> TaskState:
    """The task with its containers in these phases, as if they had got there at second 90."""
    for name, phase in phases.items():
        container = task.container(name.replace("pause", PAUSE_NAME) if name == "pause" else name)
        assert container is not None
        rank = {NONE: 0, PULLED: 1, CREATED: 2}.get(phase, 3)
        changes: dict[str, Any] = {"phase": phase}
        if rank >= 2:
            changes["runtime_id"] = f"id-of-{container.name}"
        if rank >= 3:
            changes["started_at"] = 90_000
        if phase == STOPPED:
            changes |= {"exit_code": 0, "finished_at": 95_000}
        task = task.with_container(msgspec.structs.replace(container, **changes))
    return task


def having(task: TaskState, name: str, **changes: Any) -> TaskState:
    container = task.container(name)
    assert container is not None
    return task.with_container(msgspec.structs.replace(container, **changes))


def test_a_new_task_pulls_all_its_images_at_once() -> None:
    """Also those of containers that have to wait for others."""
    later = a_container("later", dependsOn=[{"containerName": "web", "condition": "HEALTHY"}])
    task = a_task(a_container(healthCheckType="docker"), later)
    assert planned(task) == (
        "pull T/web busybox:stable: desired RUNNING\npull T/later busybox:stable: desired RUNNING"
    )


def test_a_container_goes_from_pulled_to_started() -> None:
    """One step at a time; nothing while one is in flight, nothing once it runs."""
    task = a_task()
    assert planned(at(task, web=PULLED)) == "create T/web: image present, dependencies allow it"
    assert planned(at(task, web=CREATED)) == "start T/web: created, dependencies resolved"
    assert planned(having(at(task, web=CREATED), "web", busy="start")) == ""
    assert planned(at(task, web=RUNNING)) == ""


def test_the_log_stream_is_open_before_the_start() -> None:
    """It is made beside the pull, and only the start waits for it."""
    task = a_task(a_container(host_config=AWSLOGS))
    assert planned(task) == "open log of T/web: its lines go to s\npull T/web busybox:stable: desired RUNNING"
    opening = having(at(task, web=CREATED), "web", log_busy=True)
    assert planned(opening) == ""
    assert planned(having(opening, "web", log_busy=False, log_open=True)).startswith("start T/web")


def test_a_step_that_failed_waits_its_moment() -> None:
    """Nothing before it; the plan says when to look again."""
    task = having(a_task(), "web", retry_at=NOW + 500, attempts=1)
    plan = plan_steps([task], SETTINGS, NOW)
    assert (plan.steps, plan.wake_at) == ((), NOW + 500)
    assert planned(task, now_ms=NOW + 500).startswith("pull T/web")


def test_the_pause_container_starts_before_those_that_join_its_network() -> None:
    """Creating goes on side by side; starting waits for the pause."""
    task = a_task(networkMode="awsvpc", elasticNetworkInterfaces=[an_interface("10.0.0.1")])
    both = at(task, pause=PULLED, web=PULLED)
    assert planned(both) == (
        "create T/~internal~ecs~pause: image present, dependencies allow it\n"
        "create T/web: image present, dependencies allow it"
    )
    assert planned(at(task, pause=CREATED, web=CREATED)).splitlines() == [
        "start T/~internal~ecs~pause: created, dependencies resolved"
    ]
    assert planned(at(task, pause=RUNNING, web=CREATED)) == "start T/web: created, dependencies resolved"


def two(condition: str, **first: Any) -> TaskState:
    waits = a_container("web", dependsOn=[{"containerName": "first", "condition": condition}])
    return a_task(a_container("first", essential=False, **first), waits)


def test_depends_on_start() -> None:
    """Created when the other is created, started when it runs (or has already ended)."""
    task = two("START")
    assert "create T/web" not in planned(at(task, first=PULLED, web=PULLED))
    assert "create T/web" in planned(at(task, first=CREATED, web=PULLED))
    assert "start T/web" not in planned(at(task, first=CREATED, web=CREATED))
    assert "start T/web" in planned(at(task, first=RUNNING, web=CREATED))
    assert "start T/web" in planned(at(task, first=STOPPED, web=CREATED))


def test_depends_on_complete_and_success() -> None:
    """COMPLETE takes any exit code; SUCCESS only 0, and anything else ends the dependent."""
    assert planned(at(two("COMPLETE"), first=RUNNING, web=PULLED)) == ""
    failed = having(at(two("COMPLETE"), first=STOPPED, web=PULLED), "first", exit_code=3)
    assert planned(failed).startswith("create T/web")
    assert planned(at(two("SUCCESS"), first=STOPPED, web=PULLED)).startswith("create T/web")
    failed = having(at(two("SUCCESS"), first=STOPPED, web=PULLED), "first", exit_code=3)
    step = plan_steps([failed], SETTINGS, NOW).steps[0]
    assert msgspec.to_builtins(step)["failure"] == (
        "CannotStartContainerError: dependency graph: container ordering dependency [first] for target [web] "
        "cannot be resolved as dependency did not exit successfully."
    )
    assert msgspec.to_builtins(step)["exit_code"] == 143


def test_depends_on_healthy() -> None:
    """Waits for HEALTHY; a dependency that stopped before, or never started, ends the dependent."""
    task = two("HEALTHY", healthCheckType="docker")
    waiting = at(task, first=RUNNING, web=PULLED)
    assert planned(waiting) == ""
    assert planned(having(waiting, "first", health="UNHEALTHY")) == ""
    assert planned(having(waiting, "first", health="HEALTHY")).startswith("create T/web")
    assert planned(at(task, first=STOPPED, web=PULLED)).startswith("abandon T/web")
    never_started = having(at(task, first=STOPPED, web=PULLED), "first", started_at=0)
    assert "because dependency will never start" in planned(never_started)


def test_a_start_timeout_ends_the_wait() -> None:
    """Counted from the dependency's start; the plan asks to be woken at that moment."""
    task = at(two("HEALTHY", healthCheckType="docker", startTimeout=20), first=RUNNING, web=PULLED)
    plan = plan_steps([task], SETTINGS, NOW)
    assert (plan.steps, plan.wake_at) == ((), 110_001)
    assert planned(task, now_ms=110_001).endswith("for target [web] has timed out.")


def test_stopping_goes_the_other_way() -> None:
    """Dependents stop first; independent containers side by side, each with its own timeout."""
    waits = a_container("web", stopTimeout=5, dependsOn=[{"containerName": "first", "condition": "START"}])
    task = a_task(a_container("first"), waits, a_container("other"))
    task = msgspec.structs.replace(
        at(task, first=RUNNING, web=RUNNING, other=RUNNING), desired_status=STOPPED
    )
    reason = "the task's desired status is STOPPED"
    assert planned(task) == f"stop T/web within 5 s: {reason}\nstop T/other within 30 s: {reason}"
    assert planned(at(task, web=STOPPED, other=STOPPED)) == f"stop T/first within 30 s: {reason}"


def test_an_essential_end_takes_the_others_with_it() -> None:
    """A container that is not essential does not."""
    task = at(a_task(a_container("web"), a_container("side", essential=False)), web=RUNNING, side=RUNNING)
    assert planned(at(task, side=STOPPED)) == ""
    assert planned(at(task, web=STOPPED)) == "stop T/side within 30 s: essential container web has stopped"


def test_a_network_that_fails_is_the_reason_of_the_containers() -> None:
    """The pause is in no report, so its reason goes to those that waited for it."""
    task = a_task(networkMode="awsvpc", elasticNetworkInterfaces=[an_interface("10.0.0.1")])
    failed = having(at(task, pause=STOPPED, web=CREATED), PAUSE_NAME, reason="CannotStartContainerError: x")
    step = plan_steps([failed], SETTINGS, NOW).steps[0]
    assert msgspec.to_builtins(step)["failure"] == "CannotStartContainerError: x"


def test_a_stop_overtakes_what_has_not_started() -> None:
    """A pull in flight is given up, a created container is never started; a start in flight is awaited."""
    task = msgspec.structs.replace(a_task(), desired_status=STOPPED)
    text = "abandon T/web: never started, and the task's desired status is STOPPED"
    assert planned(having(task, "web", busy="pull")) == text
    assert planned(at(task, web=CREATED)) == text
    assert planned(having(at(task, web=CREATED), "web", busy="start")) == ""


def ended(task: TaskState, **changes: Any) -> TaskState:
    return msgspec.structs.replace(task, stopped_at=95_000, **changes)


def test_an_ended_task_is_cleared_away_in_time() -> None:
    """The pause at once; the rest when the report is taken, the wait is over and the logs are shipped."""
    task = a_task(networkMode="awsvpc", elasticNetworkInterfaces=[an_interface("10.0.0.1")])
    over = ended(at(task, pause=RUNNING, web=STOPPED))
    pause_goes = "remove T/~internal~ecs~pause: the containers that shared its network have ended"
    assert planned(over) == pause_goes
    gone = having(at(over, pause=STOPPED), PAUSE_NAME, removed=True)
    assert planned(gone, now_ms=200_000) == ""  # the control plane has not taken the report yet
    reported = ended(gone, submitted_status=STOPPED)
    assert plan_steps([reported], SETTINGS, NOW).wake_at == 155_000
    assert planned(reported, now_ms=155_000) == ""  # lines are still on their way
    shipped = having(reported, "web", logs_shipped=True)
    assert planned(shipped, now_ms=155_000) == "remove T/web: its task is over and reported"
    assert planned(having(shipped, "web", removed=True), now_ms=155_000) == (
        "forget T/*: over, reported and removed"
    )


def test_a_restarting_container_is_started_or_given_up() -> None:
    """Started again while the task is meant to run; nothing is left to stop when it is not."""
    task = at(a_task(), web=RESTARTING)
    assert planned(task) == "start T/web: its restart policy says so"
    stopping = msgspec.structs.replace(task, desired_status=STOPPED)
    assert planned(stopping) == "abandon T/web: the task's desired status is STOPPED"


def test_a_task_that_does_not_fit_holds_back_every_later_one() -> None:
    """First come, first served; launch type FARGATE is outside the ledger."""
    running = at(a_task(a_container(cpu=600), task_id="a" * 32, order=1), web=RUNNING)
    large = a_task(a_container(cpu=600), task_id="b" * 32, order=2)
    small = a_task(a_container(cpu=1), task_id="c" * 32, order=3)
    fargate = a_task(a_container(cpu=4096), task_id="d" * 32, order=4, launchType="FARGATE")
    assert planned(running, large, small, fargate).split("/")[0] == f"pull {'d' * 32}"
    assert len(plan_steps([running, large, small, fargate], SETTINGS, NOW).steps) == 1
    over = ended(at(running, web=STOPPED), submitted_status=STOPPED)
    assert [step.task_arn[-1] for step in plan_steps([over, large, small], SETTINGS, NOW).steps] == ["b", "c"]


def test_memory_and_ports_are_in_the_ledger_too() -> None:
    """The soft limit counts before the hard one; a static port is held until its task has ended."""
    soft = a_container(memory=4096, host_config={"MemoryReservation": 600 * 1048576})
    first = at(a_task(soft, task_id="a" * 32, order=1), web=RUNNING)
    second = a_task(soft, task_id="b" * 32, order=2)
    assert planned(first, second) == ""
    port = a_container(portMappings=[{"containerPort": 80, "hostPort": 8080}])
    first = at(a_task(port, task_id="a" * 32, order=1), web=RUNNING)
    second = a_task(port, task_id="b" * 32, order=2)
    assert planned(first, second) == ""


def test_a_container_state_names_its_rank() -> None:
    """RESTARTING counts as RUNNING: the control plane sees no gap."""
    assert ContainerState(name="web", phase=RESTARTING).rank == ContainerState(name="web", phase=RUNNING).rank
