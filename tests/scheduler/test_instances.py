"""Instances that are no more or do not answer: what becomes of them and their tasks, as plans."""

from __future__ import annotations

from typing import Any

from shipway.model.container_instance import ContainerInstance
from shipway.model.snapshot import Timing
from shipway.scheduler.instances import (
    DEREGISTERED,
    InstanceSnapshot,
    plan_instance,
    plan_loss,
    terminated,
)
from tests.builders import PLACE, START_MS, a_stopped_task, a_task, an_instance

HIDDEN = PLACE.container_instance("shipway-fargate", "f" * 32)
SILENCE_MS = 5 * 60_000
RETENTION_MS = 3_600_000


def fargates(**members: Any) -> ContainerInstance:
    changes = {"container_instance_arn": HIDDEN, "agent_connected": False, "disconnected_at": START_MS}
    return an_instance(1, **{**changes, **members})


def planned(instance: ContainerInstance, after_ms: int, tasks: int = 1) -> tuple[str, int | None]:
    snapshot = InstanceSnapshot(
        now_ms=START_MS + after_ms,
        instance=instance,
        tasks=tuple(a_task(n + 1) for n in range(tasks)),
        timing=Timing().at_speed(10),
    )
    plan = plan_instance(snapshot)
    return plan.text(), plan.wake_at


def test_fargates_tasks_are_given_up_when_its_agent_stays_away() -> None:
    """Not before five minutes, at any speed: an agent that is started again needs the time it needs."""
    assert planned(fargates(), SILENCE_MS - 1) == ("", START_MS + SILENCE_MS)
    text = (
        "end 00000000000000000000000000000001 (InfrastructureHealth: The infrastructure that hosts the task"
        " does not answer.): Its agent has been away for too long."
    )
    assert planned(fargates(), SILENCE_MS) == (text, None)
    assert planned(fargates(agent_connected=True), SILENCE_MS) == ("", None)
    assert planned(fargates(), SILENCE_MS, tasks=0) == ("", None)


def test_a_users_silent_instance_keeps_its_tasks() -> None:
    """ECS shows that its agent is away and places nothing there; it is the user's to deregister it."""
    silent = an_instance(1, agent_connected=False, disconnected_at=START_MS)
    assert planned(silent, 100 * SILENCE_MS) == ("", None)


def test_a_deregistered_instance_is_described_for_an_hour() -> None:
    """Then its record goes, so that the state does not grow for ever."""
    gone = an_instance(1, status="INACTIVE", deregistered_at=START_MS)
    assert planned(gone, RETENTION_MS - 1, tasks=0) == ("", START_MS + RETENTION_MS)
    text, wake_at = planned(gone, RETENTION_MS, tasks=0)
    assert text.startswith("forget instance 000") and wake_at is None


def test_a_loss_ends_what_is_not_over() -> None:
    """Every task of the instance, whatever it was doing; the record becomes INACTIVE once."""
    instance = an_instance(1)
    tasks = (a_task(1), a_stopped_task(2), a_task(3, last_status="PENDING"))
    assert plan_loss(instance, tasks, terminated(instance)).text().splitlines() == [
        f"end {number:032d} (TerminationNotice: Host EC2 (instance i-00000000000000001) terminated.):"
        " Its container instance was terminated."
        for number in (1, 3)
    ] + [f"deregister instance {instance.instance_id}: Its container instance was terminated."]
    inactive = an_instance(1, status="INACTIVE")
    assert plan_loss(inactive, (), DEREGISTERED).actions == ()
