"""CloudWatch alarms reach the services loop: asked for only while a deployment runs that watches them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shipway.model.arn import Place
from shipway.model.service import DeploymentAlarms, Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.reconcile.services import ServicesTurn
from shipway.reconcile.surroundings import Surroundings
from shipway.seams import SeededIds
from shipway.store import Store
from tests.builders import (
    START_MS,
    a_revision,
    a_service,
    a_service_deployment,
    a_task_definition,
    revision_arn,
)


class SetAlarms:
    """CloudWatch with the states that the test sets; remembers who was asked for."""

    def __init__(self, **states: str) -> None:
        self.states = states
        self.asked: list[str] = []

    def alarm_states(self, names: Iterable[str]) -> dict[str, str]:
        self.asked += names
        return {name: self.states[name] for name in self.asked if name in self.states}


class Standing:
    def now_ms(self) -> int:
        return START_MS


def surroundings(alarms: SetAlarms, **deployment: Any) -> Surroundings:
    """A service whose second deployment watches the alarm `errors`."""
    store = Store.open(None)
    current = a_service_deployment(2, **{"status": "IN_PROGRESS", **deployment})
    with store.transaction() as tx:
        tx.put(
            a_service(
                alarms=DeploymentAlarms(enable=True, rollback=True, names=("errors",)),
                revision_arn=revision_arn(2),
                service_deployment_arn=current.service_deployment_arn if current.in_progress else None,
            )
        )
        tx.put(a_revision(1, completed=True))
        tx.put(a_revision(2))
        tx.put(current)
        for number in (1, 2):
            tx.put(a_task_definition(number))
    place = Place("000000000000", "us-east-1")
    return Surroundings(store=store, clock=Standing(), ids=SeededIds(1), place=place, alarms=alarms)


def statuses(around: Surroundings) -> tuple[str, str]:
    state = around.store.state
    (deployment,) = state.all(ServiceDeployment)
    return deployment.status, {r.key: r.rollout_state for r in state.all(ServiceRevision)}[revision_arn(2)]


async def services_pass(around: Surroundings) -> None:
    """A look at every service."""
    turn = ServicesTurn(around)
    turn.look_at_everything()
    result = await turn()
    assert result.failure is None


async def test_an_alarm_rolls_the_deployment_back() -> None:
    """OK changes nothing; ALARM at the next pass fails the deployment and rolls it back."""
    alarms = SetAlarms(errors="OK")
    around = surroundings(alarms)
    await services_pass(around)
    assert statuses(around) == ("IN_PROGRESS", "IN_PROGRESS")
    alarms.states["errors"] = "ALARM"
    await services_pass(around)
    assert statuses(around) == ("ROLLBACK_IN_PROGRESS", "FAILED")
    (service,) = around.store.state.all(Service)
    assert service.revision_arn == revision_arn(1)
    assert [event.message for event in service.events][:2] == [
        "(service web) rolling back to deployment ecs-svc/1.",
        "(service web) (deployment ecs-svc/2) deployment failed: alarm detected.",
    ]


async def test_an_alarm_of_before_is_ignored() -> None:
    """What is in ALARM when the deployment begins says nothing about it."""
    around = surroundings(SetAlarms(errors="ALARM"), status="PENDING")
    for _ in range(3):
        await services_pass(around)
    assert statuses(around) == ("IN_PROGRESS", "IN_PROGRESS")


async def test_nobody_asks_without_a_running_deployment() -> None:
    """A service at rest costs CloudWatch nothing."""
    alarms = SetAlarms(errors="ALARM")
    await services_pass(surroundings(alarms, status="SUCCESSFUL"))
    assert alarms.asked == []
