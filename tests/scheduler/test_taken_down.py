"""After `down` every task is over, for a true reason, and nothing of it lingers."""

from __future__ import annotations

from shipway.model.outbox import OutboxMessage
from shipway.model.target import Target
from shipway.model.task import Task
from shipway.scheduler.taken_down import plan_taken_down
from shipway.store import Store
from shipway.store.commit import commit_plan
from tests.builders import START_MS, TARGET_GROUP, a_stopped_task, a_task, instance_arn

TAKEN_DOWN = ("TerminationNotice", "Local ECS was taken down")


def store_with(*tasks: Task) -> Store:
    """Each task with a target and a message that its agent has not acknowledged."""
    store = Store.open(None)
    with store.transaction() as tx:
        for number, task in enumerate(tasks):
            tx.put(task)
            tx.put(
                Target(
                    target_group_arn=TARGET_GROUP,
                    target_id=f"i-{number}",
                    port=80,
                    address="127.0.1.1",
                    address_port=80,
                    registered_at=START_MS,
                    state_since=START_MS,
                    task_arn=task.task_arn,
                )
            )
            tx.put(
                OutboxMessage(
                    message_id=f"m-{number}",
                    container_instance_arn=instance_arn(1),
                    task_arn=task.task_arn,
                    seq_num=number,
                    desired_status="RUNNING",
                )
            )
    return store


def taken_down(store: Store) -> dict[str, Task]:
    plan = plan_taken_down(tuple(store.state.all(Task)))
    with store.transaction() as tx:
        assert commit_plan(tx, plan.actions, START_MS + 5) == ()
    return {task.task_id[-1]: task for task in store.state.all(Task)}


def test_every_task_that_is_not_over_ends() -> None:
    """Whatever it was doing, placed or not, it is STOPPED at once, its containers without an exit code."""
    waiting = a_task(2, last_status="PENDING", container_instance_arn=None)
    ended = taken_down(store_with(a_task(1), waiting))
    for task in ended.values():
        assert (task.last_status, task.desired_status) == ("STOPPED", "STOPPED")
        assert (task.stop_code, task.stopped_reason, task.stopped_at) == (*TAKEN_DOWN, START_MS + 5)
        assert [(c.last_status, c.exit_code) for c in task.containers] == [("STOPPED", None)]


def test_nothing_of_it_lingers() -> None:
    """No message that would start it again; its target is the targets loop's to take out."""
    store = store_with(a_task(1))
    taken_down(store)
    assert store.state.all(OutboxMessage) == []


def test_what_was_over_or_asked_to_stop_keeps_its_reason() -> None:
    """The first reason is the true one."""
    over = a_stopped_task(1)
    asked = a_task(
        2,
        last_status="STOPPING",
        desired_status="STOPPED",
        stop_code="UserInitiated",
        stopped_reason="enough",
    )
    ended = taken_down(store_with(over, asked))
    assert ended["1"] == over
    assert (ended["2"].last_status, ended["2"].stop_code, ended["2"].stopped_reason) == (
        "STOPPED",
        "UserInitiated",
        "enough",
    )
