"""The swarm is not idle: whatever users ask for is done now and then, and deployments end in every way."""

from __future__ import annotations

from itertools import product

import pytest

from shipway.cli.simulate import failure_text
from shipway.simulator.options import Faults, Features, Options
from shipway.simulator.simulation import simulate
from shipway.simulator.tally import Tally

SEEDS = 60
PATIENT_SEEDS = 12
STRATEGIES = ("ROLLING", "BLUE_GREEN", "LINEAR", "CANARY")
ENDS = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
KINDS = (
    "ContinueServiceDeployment action=CONTINUE",
    "ContinueServiceDeployment action=ROLLBACK",
    "CreateCapacityProvider autoScalingGroupProvider.managedDraining=DISABLED",
    "CreateCapacityProvider autoScalingGroupProvider.managedScaling.status=DISABLED",
    "CreateCapacityProvider autoScalingGroupProvider.managedTerminationProtection=ENABLED",
    "CreateDaemon critical",
    "CreateService availabilityZoneRebalancing=ENABLED",
    "CreateService capacityProviderStrategy.base",
    "CreateService capacityProviderStrategy.capacityProvider",
    "CreateService capacityProviderStrategy.capacityProvider=FARGATE",
    "CreateService capacityProviderStrategy.capacityProvider=FARGATE_SPOT",
    "CreateService deploymentConfiguration.alarms.alarmNames",
    "CreateService deploymentConfiguration.lifecycleHooks.targetType=AWS_LAMBDA",
    "CreateService deploymentConfiguration.lifecycleHooks.targetType=PAUSE",
    "CreateService deploymentController.type=CODE_DEPLOY",
    "CreateService deploymentController.type=EXTERNAL",
    "CreateService launchType=FARGATE",
    "CreateService schedulingStrategy=DAEMON",
    "CreateTaskSet",
    "CreateTaskSet capacityProviderStrategy.capacityProvider",
    "CreateTaskSet capacityProviderStrategy.capacityProvider=FARGATE",
    "DeleteDaemon",
    "DeleteService",
    "DeleteTaskSet",
    "PutClusterCapacityProviders defaultCapacityProviderStrategy.capacityProvider",
    "RunTask",
    "RunTask capacityProviderStrategy.capacityProvider=FARGATE_SPOT",
    "RunTask launchType=FARGATE",
    "StopServiceDeployment stopType=ABORT",
    "StopServiceDeployment stopType=ROLLBACK",
    "StopTask",
    "UpdateContainerInstancesState status=DRAINING",
    "UpdateDaemon deploymentConfiguration.drainPercent",
    "UpdateService capacityProviderStrategy.capacityProvider",
    "UpdateService capacityProviderStrategy.capacityProvider=FARGATE",
    "UpdateServicePrimaryTaskSet",
    "UpdateTaskProtection",
    "UpdateTaskSet",
)


@pytest.fixture(scope="module")
def drawn() -> Tally:
    tally = Tally()
    for seed in range(SEEDS):
        tally.add(simulate(seed, tell=False).tally)
    return tally


def test_no_kind_of_request_is_always_refused(drawn: Tally) -> None:
    """Of those that are asked for often: a user who never gets it tests nothing."""
    assert drawn.always_refused() == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_users_can_do_is_done(drawn: Tally, kind: str) -> None:
    """In a few seeds already."""
    assert drawn.done(kind)


def test_every_strategy_ends_in_every_way() -> None:
    """With users who have patience, in worlds where hooks fail, alarms fire and some definitions are bad."""
    options = Options(
        clients=2,
        services=2,
        desired_count_max=2,
        minutes=30.0,
        pause_s=60.0,
        features=Features(
            load_balancers=True,
            shifts=True,
            hooks=True,
            alarms=True,
            breaker=True,
            bad_definitions=True,
            stops=True,
        ),
        faults=Faults(alarms=0.1),
    )
    tally = Tally()
    for seed in range(PATIENT_SEEDS):
        outcome = simulate(seed, options, tell=False)
        assert not outcome.failure, failure_text(outcome)
        tally.add(outcome.tally)
    assert [pair for pair in product(STRATEGIES, ENDS) if not tally.ends[pair]] == []


def test_a_kind_that_is_always_refused_is_told_with_its_last_refusal() -> None:
    """The plainest kind that explains it, and no kind that was done once."""
    tally = Tally()
    for count in range(3):
        tally.answered("CreateService", {"launchType": "EC2", "schedulingStrategy": "DAEMON"}, f"no {count}")
        tally.answered("CreateService", {"launchType": "EC2"}, "")
    assert tally.always_refused(3) == ["CreateService schedulingStrategy=DAEMON: 3 times, no 2"]
    assert tally.always_refused(4) == []
