"""Commit of a plan: each action's one effect, and what is refused."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from shipway.model import actions as act
from shipway.model.outbox import OutboxMessage
from shipway.model.record import Record
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.target import Target
from shipway.model.task import Task
from shipway.store import Store
from shipway.store.commit import EFFECTS, commit_plan
from tests.builders import a_revision, a_service, a_service_deployment, a_task, an_instance, revision_arn

NOW = 1_000_000
WHY = "A test asks for it."


def a_store(*records: Record) -> Store:
    store = Store.open(None)
    with store.transaction() as tx:
        for record in records:
            tx.put(record)
    return store


def commit(store: Store, *actions: act.Action) -> tuple[act.Action, ...]:
    with store.transaction() as tx:
        return commit_plan(tx, actions, NOW)


def task_of(store: Store, task: Task) -> Task:
    found = store.state.get(Task, task.task_arn)
    assert found is not None
    return found


def a_target(task: Task) -> Target:
    return Target(
        target_group_arn="arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/1",
        target_id="i-1",
        port=80,
        address="127.0.1.1",
        address_port=80,
        task_arn=task.task_arn,
        registered_at=0,
        state_since=0,
    )


def stop(task: Task) -> act.StopTask:
    return act.StopTask(
        task_arn=task.task_arn,
        version=task.version,
        stop_code="UserInitiated",
        stopped_reason="x",
        reason=WHY,
    )


def test_every_action_has_its_effect() -> None:
    """No action of the model is without an effect in the store."""
    assert set(EFFECTS) == set(act.Action.__subclasses__())


def test_messages_are_numbered_per_instance() -> None:
    """Starting two tasks on an instance puts two messages in its outbox, under rising numbers."""
    store = a_store(an_instance(1))
    first, second = (replace(a_task(number), last_status="PENDING") for number in (1, 2))
    assert commit(store, act.StartTask(task=first, reason=WHY), act.StartTask(task=second, reason=WHY)) == ()
    messages = sorted(store.state.all(OutboxMessage), key=lambda message: message.seq_num)
    assert [(m.seq_num, m.task_arn, m.desired_status) for m in messages] == [
        (1, first.task_arn, "RUNNING"),
        (2, second.task_arn, "RUNNING"),
    ]


@pytest.mark.parametrize(
    ("with_target", "placed", "last_status", "messages"),
    [(False, True, "STOPPING", 1), (True, True, "DEACTIVATING", 0), (False, False, "STOPPED", 0)],
)
def test_how_a_task_stops(with_target: bool, placed: bool, last_status: str, messages: int) -> None:
    """A task with targets drains first, any other is signalled at once, one without an instance is over."""
    task = a_task(1)
    if not placed:
        task = replace(task, container_instance_arn=None, last_status="PROVISIONING")
    store = a_store(an_instance(1), task, *([a_target(task)] if with_target else []))
    assert commit(store, stop(task)) == ()
    stopped = task_of(store, task)
    assert (stopped.desired_status, stopped.last_status, stopped.stop_code) == (
        "STOPPED",
        last_status,
        "UserInitiated",
    )
    assert len(store.state.all(OutboxMessage)) == messages


def test_a_changed_task_refuses_the_action() -> None:
    """A decision made on an older version of the task changes nothing and is given back."""
    task = a_task(1)
    store = a_store(an_instance(1), replace(task, version=task.version + 1))
    action = stop(task)
    assert commit(store, action) == (action,)
    assert task_of(store, task).desired_status == "RUNNING"


def test_a_target_is_not_registered_for_a_stopping_task() -> None:
    """A task told to stop between the decision and its commit gets no target that nobody would drain."""
    task = replace(a_task(1), desired_status="STOPPED")
    store = a_store(an_instance(1), task)
    action = act.RegisterTarget(target=a_target(task), reason=WHY)
    assert commit(store, action) == (action,)
    assert store.state.all(Target) == []


@pytest.mark.parametrize(
    ("status", "current"),
    [("STOPPED", False), ("ROLLBACK_FAILED", False), ("ROLLBACK_IN_PROGRESS", True)],
)
def test_an_ended_deployment_is_no_longer_the_current_one(status: str, current: bool) -> None:
    """The service names its service deployment while it is in progress, and no longer."""
    deployment = a_service_deployment(1)
    arn = deployment.service_deployment_arn
    store = a_store(a_service(service_deployment_arn=arn), a_revision(1), deployment)
    end = act.StopDeployment(service_deployment_arn=arn, status=status, status_reason="", reason=WHY)
    commit(store, end)
    (service,) = store.state.all(Service)
    assert service.service_deployment_arn == (arn if current else None)


def test_a_completed_deployment_is_the_next_rollback_target() -> None:
    """COMPLETED, its moment kept, the service deployment SUCCESSFUL and finished."""
    deployment = a_service_deployment(1)
    arn = deployment.service_deployment_arn
    service = a_service(service_deployment_arn=arn)
    store = a_store(service, a_revision(1, rollout_state="IN_PROGRESS"), deployment)
    complete = act.CompleteDeployment(
        service_arn=service.service_arn,
        service_revision_arn=revision_arn(1),
        service_deployment_arn=arn,
        status="SUCCESSFUL",
        reason=WHY,
    )
    commit(store, complete)
    (revision,) = store.state.all(ServiceRevision)
    (ended,) = store.state.all(ServiceDeployment)
    assert (revision.rollout_state, revision.completed_at) == ("COMPLETED", NOW)
    assert (ended.status, ended.finished_at) == ("SUCCESSFUL", NOW)


def test_a_cause_is_remembered_with_its_moment_until_it_is_over() -> None:
    """Who decides can tell from it whether to tell again."""
    service = a_service(events=())
    store = a_store(service)
    told = act.EmitEvent(
        service_arn=service.service_arn, event_id="1", message="m", cause="placement", reason=WHY
    )
    commit(store, told)
    assert store.state.all(Service)[0].told_at == {"placement": NOW}
    commit(store, act.ClearCause(service_arn=service.service_arn, cause="placement", reason=WHY))
    (after,) = store.state.all(Service)
    assert after.told_at == {} and [event.event_id for event in after.events] == ["1"]
