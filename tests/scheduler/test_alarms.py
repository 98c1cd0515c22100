"""CloudWatch alarms as failure monitors of rolling updates."""

from __future__ import annotations

from shipway.model.service import DeploymentAlarms
from tests.builders import a_breaker, a_service
from tests.scheduler.world import World, rolled_out


def updating(rollback: bool = True, state: str = "OK", breaker: bool = False) -> World:
    """Two healthy old tasks, two new ones on their way; alarm `hot` had this state when it began."""
    alarms = DeploymentAlarms(enable=True, rollback=rollback, names=("hot", "cold"))
    service = a_service(2, alarms=alarms, breaker=a_breaker(enable=breaker, rollback=False))
    world = rolled_out(World(service))
    world.alarms = {"hot": state, "cold": "OK"}
    world.update()
    world.settle()
    world.told()
    return world


def test_alarm_fails_the_deployment_and_rolls_back() -> None:
    """The revision before is PRIMARY again, under its own id; the alarm may stay in ALARM meanwhile."""
    world = updating()
    world.alarms = {"hot": "ALARM"}
    world.settle()
    assert world.told()[:2] == [
        "(deployment ecs-svc/2) deployment failed: alarm detected.",
        "rolling back to deployment ecs-svc/1.",
    ]
    assert world.revision(2).rollout_state_reason == "ECS deployment alarms: alarm detected."
    assert world.revision(1).rollout_state_reason == (
        "ECS deployment alarms: rolling back to deploymentId ecs-svc/1."
    )
    world.end_stopping()
    world.settle()
    deployment = world.deployment(2)
    assert (deployment.status, deployment.alarms_status) == ("ROLLBACK_SUCCESSFUL", "TRIGGERED")
    assert deployment.alarms_triggered == ("hot",)
    assert deployment.circuit_breaker_status == "DISABLED"
    assert world.shown() == ["1 PRIMARY COMPLETED 2: 2+0"]


def test_alarm_without_rollback_stops_the_deployment() -> None:
    """What runs stays; nothing is launched any more."""
    world = updating(rollback=False)
    world.run()
    world.alarms = {"hot": "ALARM"}
    world.settle()
    world.alarms = {}
    world.wait(3_600_000)
    assert world.shown() == ["2 PRIMARY FAILED 2: 2+0", "1 ACTIVE COMPLETED 2: 2+0"]
    assert world.deployment(2).status == "STOPPED"
    assert world.deployment(2).stopped_at is not None


def test_alarm_that_was_in_alarm_before_is_ignored_for_the_deployment() -> None:
    """Even when it goes to OK and comes back; another alarm counts as ever."""
    world = updating(state="ALARM")
    for state in ("OK", "ALARM"):
        world.alarms = {"hot": state, "cold": "OK"}
        world.settle()
    assert world.revision(2).rollout_state == "IN_PROGRESS"
    world.alarms = {"hot": "ALARM", "cold": "ALARM"}
    world.settle()
    assert world.deployment(2).alarms_triggered == ("cold",)


def test_alarm_during_the_bake_time_still_fails_the_deployment() -> None:
    """All tasks are new and healthy, the old ones gone: the alarms are watched for a while longer."""
    world = updating()
    world.run()
    world.wait(5_000)
    world.end_stopping()
    world.wait(30_000)
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 2: 2+0", "1 ACTIVE COMPLETED 0: 0+0"]
    world.alarms = {"hot": "ALARM"}
    world.settle()
    assert world.shown() == ["1 PRIMARY IN_PROGRESS 2: 0+2", "2 ACTIVE FAILED 2: 2+0"]


def test_alarm_after_the_completion_changes_nothing() -> None:
    """A finished deployment is not watched."""
    world = updating()
    world.run()
    world.wait(5_000)
    world.end_stopping()
    world.wait(60_000)
    assert world.deployment(2).alarms_status == "MONITORING_COMPLETE"
    world.alarms = {"hot": "ALARM"}
    world.settle()
    assert world.shown() == ["2 PRIMARY COMPLETED 2: 2+0"]


def test_circuit_breaker_that_fires_first_decides_by_its_own_flag() -> None:
    """The alarms ask for a rollback, the circuit breaker does not: none is made."""
    world = updating(breaker=True)
    for task in world.live(2):
        world.fail_to_start(task)
    world.settle()
    world.fail_to_start(world.live(2)[0])
    world.settle()
    deployment = world.deployment(2)
    assert (deployment.status, deployment.circuit_breaker_status) == ("STOPPED", "TRIGGERED")
    assert deployment.alarms_status == "MONITORING_COMPLETE"
