"""Registration of tasks with target groups, draining, removal, and the events of each."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.model.resources import Reservation
from shipway.model.snapshot import Timing
from shipway.model.target import DRAINING, Target
from shipway.model.task import NetworkInterface, Task
from shipway.scheduler.targets import TargetsSnapshot, plan_targets
from tests.builders import (
    START_MS,
    TARGET_GROUP,
    a_binding,
    a_container,
    a_revision,
    a_service,
    a_stopped_task,
    a_target_group,
    a_task,
    an_instance,
    revision_arn,
)
from tests.scheduler.world import CountingIds

PUBLISHED = (a_container(network_bindings=({"containerPort": 80, "hostPort": 32768, "protocol": "tcp"},)),)
INTERFACE = NetworkInterface(
    attachment_id="a", eni_id="eni-1", mac_address="m", private_ipv4_address="10.47.0.9", subnet_id="s"
)


def a_targets_snapshot(*tasks: Task, targets: tuple[Target, ...] = (), **members: Any) -> TargetsSnapshot:
    revisions = (a_revision(1, load_balancers=(a_binding(),)), a_revision(2, load_balancers=(a_binding(),)))
    instances = {instance.container_instance_arn: instance for instance in (an_instance(1), an_instance(2))}
    defaults: dict[str, Any] = {
        "now_ms": START_MS,
        "services": (a_service(),),
        "revisions": {revision.deployment_id: revision for revision in revisions},
        "tasks": tasks,
        "instances": instances,
        "target_groups": {TARGET_GROUP: a_target_group(target_type=members.pop("target_type", "instance"))},
        "targets": targets,
        "timing": Timing(),
    }
    return TargetsSnapshot(**{**defaults, **members})


def a_target(task: Task, **members: Any) -> Target:
    defaults: dict[str, Any] = {
        "target_group_arn": TARGET_GROUP,
        "target_id": "i-00000000000000001",
        "port": 32768,
        "address": "127.0.1.1",
        "address_port": 32768,
        "task_arn": task.task_arn,
        "registered_at": START_MS,
        "state_since": START_MS,
    }
    return Target(**{**defaults, **members})


def planned(snapshot: TargetsSnapshot) -> list[str]:
    return [action.text() for action in plan_targets(snapshot, CountingIds()).actions]


def test_task_in_the_host_network_is_registered_with_its_own_port() -> None:
    """Nothing is published there, so the agent reports no port; the task has reserved it."""
    reservation = Reservation(cpu=1, memory=1, ports_tcp=(80,))
    task = a_task(containers=(a_container(),), reservation=reservation)
    assert planned(a_targets_snapshot(task))[0] == "register i-00000000000000001:80 in web"
    assert planned(a_targets_snapshot(a_task(containers=(a_container(),)))) == []


def test_running_task_is_registered_by_instance_and_host_port() -> None:
    """An instance target is the EC2 instance id and the reported port, reached at its loopback address."""
    snapshot = a_targets_snapshot(a_task(containers=PUBLISHED))
    plan = plan_targets(snapshot, CountingIds())
    assert planned(snapshot) == [
        "register i-00000000000000001:32768 in web",
        f"event (service web) registered 1 targets in (target-group {TARGET_GROUP})",
    ]
    target = plan.actions[0].target  # type: ignore[attr-defined]
    assert (target.address, target.address_port, target.availability_zone) == (
        "127.0.1.1",
        32768,
        "us-east-1a",
    )


def test_awsvpc_task_is_registered_by_its_address() -> None:
    """An ip target is the task's address and container port."""
    snapshot = a_targets_snapshot(a_task(interface=INTERFACE), target_type="ip")
    assert planned(snapshot)[0] == "register 10.47.0.9:80 in web"


def test_published_awsvpc_task_keeps_its_name_and_is_reached_by_its_port() -> None:
    """Where the agent publishes an awsvpc task's ports, AWS still shows the task's own address."""
    task = a_task(interface=INTERFACE, containers=PUBLISHED)
    plan = plan_targets(a_targets_snapshot(task, target_type="ip"), CountingIds())
    target = plan.actions[0].target  # type: ignore[attr-defined]
    assert (target.target_id, target.port, target.address, target.address_port) == (
        "10.47.0.9",
        80,
        "127.0.1.1",
        32768,
    )


def test_nothing_is_registered_before_the_port_is_known() -> None:
    """A task whose port was not reported, or that does not run, waits."""
    pending = a_task(2, last_status="PENDING", containers=PUBLISHED)
    assert planned(a_targets_snapshot(a_task(1), pending)) == []


def test_registered_task_is_left_alone() -> None:
    """Registration is done once, also while the target drains because a user wanted it so."""
    task = a_task(containers=PUBLISHED)
    assert planned(a_targets_snapshot(task, targets=(a_target(task),))) == []
    assert planned(a_targets_snapshot(task, targets=(a_target(task, state=DRAINING),))) == []


def test_stopping_task_is_drained_for_the_delay() -> None:
    """It drains until the deregistration delay is over; `deregistered` is told directly before `draining`."""
    task = a_task(containers=PUBLISHED, desired_status="STOPPED", last_status="DEACTIVATING")
    snapshot = a_targets_snapshot(task, targets=(a_target(task, state="healthy"),))
    assert planned(snapshot) == [
        "drain i-00000000000000001:32768 in web",
        f"event (service web) deregistered 1 targets in (target-group {TARGET_GROUP})",
        "event (service web) has begun draining connections on 1 tasks.",
    ]
    target = plan_targets(snapshot, CountingIds()).actions[0].target  # type: ignore[attr-defined]
    assert (target.state, target.draining_until) == (DRAINING, START_MS + 300_000)
    assert planned(replace(snapshot, targets=(target,))) == []


def test_a_drain_is_a_wait_that_speed_shortens() -> None:
    """A deregistration delay of 300 s lasts three at speed 100."""
    task = a_task(containers=PUBLISHED, desired_status="STOPPED", last_status="DEACTIVATING")
    snapshot = a_targets_snapshot(
        task, targets=(a_target(task, state="healthy"),), timing=Timing().at_speed(100)
    )
    target = plan_targets(snapshot, CountingIds()).actions[0].target  # type: ignore[attr-defined]
    assert target.draining_until == START_MS + 3_000


def test_draining_of_an_old_deployment_names_it() -> None:
    """During a roll-out the draining event speaks of the old deployment as a task set."""
    task = a_task(desired_status="STOPPED")
    snapshot = a_targets_snapshot(
        task, targets=(a_target(task),), services=(a_service(revision_arn=revision_arn(2)),)
    )
    assert planned(snapshot)[-1] == (
        "event (service web, taskSet ecs-svc/1) has begun draining connections on 1 tasks."
    )


def test_stopped_task_is_removed_at_once() -> None:
    """Nothing is left to drain; a task that is not even known any more loses its target too."""
    task = a_stopped_task()
    assert planned(a_targets_snapshot(task, targets=(a_target(task),)))[:2] == [
        "remove i-00000000000000001:32768 from web",
        f"event (service web) deregistered 1 targets in (target-group {TARGET_GROUP})",
    ]
    assert planned(a_targets_snapshot(targets=(a_target(task),))) == [
        "remove i-00000000000000001:32768 from web"
    ]


def test_port_that_is_used_again_is_registered_for_the_new_task() -> None:
    """The same instance and port under a new task replaces the old record in one step."""
    old, new = a_stopped_task(1), a_task(2, containers=PUBLISHED)
    texts = planned(a_targets_snapshot(old, new, targets=(a_target(old),)))
    assert texts[0] == "register i-00000000000000001:32768 in web"
    assert not [text for text in texts if text.startswith("remove")]


def test_targets_that_users_registered_are_not_ours() -> None:
    """A target without a task is never touched."""
    assert planned(a_targets_snapshot(targets=(a_target(a_task(), task_arn=None),))) == []
