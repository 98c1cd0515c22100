"""When a task counts as healthy."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.model.service_revision import LoadBalancerBinding
from shipway.model.snapshot import TargetView, Timing
from shipway.model.task import Task
from shipway.scheduler.health import Condition, checks_of, condition_of
from tests.builders import (
    START_MS,
    TARGET_GROUP,
    a_binding,
    a_container,
    a_fleet,
    a_revision,
    a_service,
    a_snapshot,
    a_task,
    an_instance,
)

CHECKED = {
    status: (a_container(has_health_check=True, health_status=status),)
    for status in ("HEALTHY", "UNHEALTHY", "UNKNOWN")
}


def condition(
    task: Task, age_ms: int = 4_000, states: tuple[str, ...] = (), bindings: int = 0, **service: Any
) -> Condition:
    timing = service.pop("timing", Timing())
    bound: tuple[LoadBalancerBinding, ...] = tuple(a_binding() for _ in range(bindings))
    revision = a_revision(load_balancers=bound)
    views = tuple(TargetView(TARGET_GROUP, 80 + n, state) for n, state in enumerate(states))
    snapshot = a_snapshot(
        a_service(**service),
        task,
        now_ms=START_MS + age_ms,
        revisions=(revision,),
        targets={task.task_arn: views},
        timing=timing,
    )
    return condition_of(task, checks_of(revision, snapshot))


@pytest.mark.parametrize(
    ("task", "states", "bindings", "healthy", "faulty"),
    [
        (a_task(last_status="PENDING"), (), 0, False, False),
        (a_task(), (), 0, False, False),
        (a_task(containers=CHECKED["HEALTHY"]), (), 0, True, False),
        (a_task(containers=CHECKED["UNKNOWN"]), (), 0, False, False),
        (a_task(containers=CHECKED["UNHEALTHY"]), (), 0, False, True),
        (a_task(), ("healthy",), 1, True, False),
        (a_task(), (), 1, False, False),
        (a_task(), ("initial",), 1, False, False),
        (a_task(), ("unused",), 1, False, False),
        (a_task(), ("draining",), 1, False, False),
        (a_task(), ("unhealthy",), 1, False, True),
        (a_task(), ("healthy",), 2, False, False),
        (a_task(), ("healthy", "healthy"), 2, True, False),
        (a_task(), ("healthy", "unhealthy"), 2, False, True),
        (a_task(containers=CHECKED["UNKNOWN"]), ("healthy",), 1, False, False),
        (a_task(containers=CHECKED["HEALTHY"]), ("initial",), 1, False, False),
        (a_task(containers=CHECKED["HEALTHY"]), ("healthy",), 1, True, False),
    ],
)
def test_checks(task: Task, states: tuple[str, ...], bindings: int, healthy: bool, faulty: bool) -> None:
    """Containers and targets must both say so, within the dwell too; one bad answer is enough for a fault."""
    found = condition(task, states=states, bindings=bindings)
    assert (found.healthy, found.fault is not None) == (healthy, faulty)


def test_without_checks_the_dwell_decides() -> None:
    """RUNNING for five seconds is healthy; until then the condition names the moment."""
    assert condition(a_task(), 4_999) == Condition(a_task(), changes_at=START_MS + 5_000)
    assert condition(a_task(), 5_000).healthy


def test_grace_period_masks_bad_answers_only() -> None:
    """A good answer counts at once; a bad one when the grace period is over."""
    sick = a_task(containers=CHECKED["UNHEALTHY"])
    assert condition(a_task(), 1_000, ("healthy",), 1, health_check_grace_period_s=60).healthy
    masked = condition(sick, 59_999, health_check_grace_period_s=60)
    assert (masked.fault, masked.changes_at) == (None, START_MS + 60_000)
    assert condition(sick, 60_000, health_check_grace_period_s=60).fault is not None


def test_grace_period_is_a_wait_that_speed_shortens() -> None:
    """Sixty seconds last six at speed ten."""
    sick = a_task(containers=CHECKED["UNHEALTHY"])
    fast = Timing().at_speed(10)
    masked = condition(sick, 5_999, health_check_grace_period_s=60, timing=fast)
    assert (masked.fault, masked.changes_at) == (None, START_MS + 6_000)
    assert condition(sick, 6_000, health_check_grace_period_s=60, timing=fast).fault is not None


def test_fault_of_an_instance_target_names_the_instance() -> None:
    """The event of an unhealthy target says task, instance, port, target group and reason."""
    task = a_task()
    view = TargetView(TARGET_GROUP, 32768, "unhealthy", "Request timed out", "i-1")
    revision = a_revision(load_balancers=(a_binding(),))
    snapshot = a_snapshot(a_service(), task, revisions=(revision,), targets={task.task_arn: (view,)})
    fault = condition_of(task, checks_of(revision, snapshot)).fault
    assert fault is not None
    assert fault.event == (
        f"(task {task.task_id}) (instance i-1) (port 32768) is unhealthy in (target-group {TARGET_GROUP})"
        " due to (reason Request timed out)."
    )
    assert fault.stopped_reason == f"Task failed ELB health checks in (target-group {TARGET_GROUP})"


def test_task_on_a_draining_instance_is_displaced() -> None:
    """It is as healthy as before, but has to go."""
    task = a_task()
    snapshot = a_snapshot(a_service(), task, fleet=a_fleet(an_instance(status="DRAINING"), tasks=(task,)))
    found = condition_of(task, checks_of(a_revision(), snapshot))
    assert found.displaced and found.healthy
