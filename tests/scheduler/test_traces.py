"""Observed timelines of ECS, played through the scheduler: the same events in the same order."""

from __future__ import annotations

from msgspec.structs import replace

from tests.builders import TARGET_GROUP, a_binding, a_breaker, a_container, a_service
from tests.scheduler.world import World, make_targets, rolled_out


def test_first_deployment_ends_steady() -> None:
    """A new service starts its tasks, waits for the dwell, and completes and is steady in the same pass."""
    world = World(a_service(2))
    world.settle()
    world.run()
    world.wait(4_999)
    assert world.told() == ["has started 2 tasks: (task 1) (task 2)."]
    world.wait(1)
    assert world.told() == ["(deployment ecs-svc/1) deployment completed.", "has reached a steady state."]
    assert world.deployment(1).status == "SUCCESSFUL"
    assert world.revision(1).rollout_state == "COMPLETED"


def test_rolling_update_behind_a_load_balancer() -> None:
    """Trace A: new tasks start; old ones stop only when the new ones' targets are healthy."""
    world = rolled_out(World(a_service(2), load_balancers=(a_binding(),)))
    world.update()
    world.settle()
    new = world.of(2)
    assert world.told() == ["has started 2 tasks: (task 3) (task 4)."]
    world.run(new)
    make_targets(world, "initial", world.live(2))
    world.wait(60_000)
    assert world.told() == []
    make_targets(world, "healthy", world.live(2)[:1])
    world.settle()
    assert [event.split(":")[0] for event in world.told()] == ["has stopped 1 running tasks"]
    make_targets(world, "healthy", world.live(2))
    world.settle()
    world.end_stopping()
    world.settle()
    assert world.told()[-2:] == [
        "(deployment ecs-svc/2) deployment completed.",
        "has reached a steady state.",
    ]
    assert [task.deployment_id for task in world.live()] == ["ecs-svc/2"] * 2


def test_stop_before_start_when_there_is_no_room_above() -> None:
    """Trace B: minimum 0, maximum 100: the old task stops first, the new one starts in the same pass."""
    world = rolled_out(World(a_service(1, minimum=0, maximum=100)))
    world.update()
    world.settle()
    assert world.told() == [
        "has stopped 1 running tasks: (task 1).",
        "has started 1 tasks: (task 2).",
    ]
    world.run()
    world.end_stopping()
    world.wait(5_000)
    assert world.told() == ["(deployment ecs-svc/2) deployment completed.", "has reached a steady state."]


def test_unhealthy_container_is_replaced_first() -> None:
    """Trace D: with room above, the replacement starts, then the health check is told, then the stop."""
    world = rolled_out(World(a_service(1)))
    sick = world.live()[0]
    world.report(sick, containers=(a_container(has_health_check=True, health_status="UNHEALTHY"),))
    world.settle()
    assert world.told() == [
        "has started 1 tasks: (task 2). Amazon ECS replaced 1 tasks due to an unhealthy status.",
        "(task 1) failed container health checks.",
        "has stopped 1 running tasks: (task 1).",
    ]
    stopped = world.tasks[sick.task_arn]
    assert stopped.stopped_reason == "Task failed container health checks"
    world.end_stopping()
    world.run()
    world.wait(5_000)
    assert world.told() == ["has reached a steady state."]


def test_unhealthy_target_within_the_grace_period_is_ignored() -> None:
    """A bad answer counts only after the grace period, and then names port, target group and reason."""
    world = World(a_service(1, health_check_grace_period_s=30), load_balancers=(a_binding(),))
    world.settle()
    world.run()
    make_targets(world, "unhealthy")
    world.told()
    world.wait(29_999)
    assert world.told() == []
    world.wait(1)
    assert world.told()[1] == (
        f"(task 1) (port 80) is unhealthy in (target-group {TARGET_GROUP})"
        " due to (reason Health checks failed with these codes: [503])."
    )


def test_crash_loop_trips_the_circuit_breaker_and_rolls_back() -> None:
    """Trace E: three crashes, then `deployment failed` and `rolling back`; the old revision completes."""
    world = rolled_out(World(a_service(1, breaker=a_breaker())))
    world.update()
    for _ in range(3):
        world.settle()
        newest = world.live(2)
        world.run(newest)
        world.crash(newest[0])
    world.settle()
    assert world.told()[-4:] == [
        "(deployment ecs-svc/2) deployment failed: tasks failed to start.",
        "rolling back to deployment ecs-svc/1.",
        "(deployment ecs-svc/1) deployment completed.",
        "has reached a steady state.",
    ]
    assert world.deployment(2).status == "ROLLBACK_SUCCESSFUL"
    assert world.deployment(2).failure_count == 3
    assert world.revision(2).rollout_state == "FAILED"
    assert len(world.live(1)) == 1 and not world.live(2)


def test_stopped_task_is_replaced_at_once() -> None:
    """Trace F: StopTask on a task of a service: its replacement starts in the next pass, then steady."""
    world = rolled_out(World(a_service(3)))
    victim = world.live()[0]
    world.end(victim, "UserInitiated")
    assert [action.text().split()[0] for action in world.step().actions] == ["start", "event", "not"]
    world.run()
    world.wait(5_000)
    assert world.told() == ["has started 1 tasks: (task 4).", "has reached a steady state."]


def test_first_deployment_without_a_candidate_fails_and_stalls() -> None:
    """Trace G: with nothing to roll back to, the deployment is FAILED and nothing is launched any more."""
    world = World(a_service(1, breaker=a_breaker()))
    for _ in range(3):
        world.settle()
        world.fail_to_start(world.live()[0])
    world.wait(3_600_000)
    assert world.deployment(1).status == "ROLLBACK_FAILED"
    assert world.deployment(1).status_reason == "No rollback candidate was found to run the rollback."
    assert world.live() == [] and len(world.tasks) == 3
    assert world.told()[-1] == "(deployment ecs-svc/1) deployment failed: tasks failed to start."


def test_without_a_breaker_the_old_tasks_stay_and_starts_slow_down() -> None:
    """An image that cannot be pulled: 3 old tasks run on; attempts go on with growing pauses, told once."""
    world = rolled_out(World(a_service(3)))
    world.update()
    attempts = []
    for _ in range(4_000):
        world.wait(1_000)
        for task in world.live(2):
            world.fail_to_start(task)
            attempts.append(world.now_ms)
    assert len(world.live(1)) == 3
    assert 10 < len(attempts) < 60
    assert [t for t in world.told() if "unable to consistently" in t] == [
        "is unable to consistently start tasks successfully. For more information, see the"
        " Troubleshooting section of the Amazon ECS Developer Guide."
    ]
    assert world.revision(2).rollout_state == "IN_PROGRESS"


def test_breaker_without_rollback_leaves_the_old_tasks_alone() -> None:
    """FAILED, STOPPED; the old revision's tasks stay, and one that dies by itself is replaced by its like."""
    world = rolled_out(World(a_service(3, breaker=a_breaker(rollback=False))))
    world.update()
    world.settle()
    for task in world.live(2):
        world.fail_to_start(task)
    world.settle()
    assert world.deployment(2).status == "STOPPED"
    assert len(world.live(1)) == 3 and not world.live(2)
    world.now_ms += 20_000
    world.crash(world.live(1)[0])
    world.settle()
    assert len(world.live(1)) == 3 and not world.live(2)


def test_scale_in_during_a_deployment_shrinks_both_revisions() -> None:
    """Desired 4 to 2 while the new tasks are pending: at most 4 in all, at least 2 healthy."""
    world = rolled_out(World(a_service(4)))
    world.update()
    world.settle()
    assert (len(world.live(1)), len(world.live(2))) == (4, 4)
    world.scale(2)
    world.settle()
    assert (len(world.live(1)), len(world.live(2))) == (2, 2)


def test_newer_deployment_supersedes_the_one_in_progress() -> None:
    """The older service deployment ends STOPPED; its tasks are sources like the others."""
    world = rolled_out(World(a_service(2)))
    world.update()
    world.settle()
    world.update()
    world.settle()
    assert world.deployment(2).status == "STOPPED"
    world.run()
    world.wait(5_000)
    world.end_stopping()
    world.wait(5_000)
    assert [task.deployment_id for task in world.live()] == ["ecs-svc/3"] * 2
    assert world.deployment(3).status == "SUCCESSFUL"


def test_rollback_on_request() -> None:
    """StopServiceDeployment(ROLLBACK): the completed revision is PRIMARY again, without circuit breaker."""
    world = rolled_out(World(a_service(2)))
    world.update()
    world.settle()
    world.edit_deployment(2, status="ROLLBACK_REQUESTED", stop_type="ROLLBACK")
    world.settle()
    world.end_stopping()
    world.settle()
    assert world.deployment(2).status == "ROLLBACK_SUCCESSFUL"
    assert [task.deployment_id for task in world.live()] == ["ecs-svc/1"] * 2


def test_deleted_service_closes_when_its_tasks_are_gone() -> None:
    """DRAINING: all tasks are told to stop, in one event; INACTIVE once the last one has STOPPED."""
    world = rolled_out(World(a_service(2)))
    world.service = replace(world.service, status="DRAINING", desired_count=0)
    world.settle()
    assert world.told() == ["has stopped 2 running tasks: (task 1) (task 2)."]
    assert world.service.status == "DRAINING"
    world.end_stopping()
    world.settle()
    assert world.service.status == "INACTIVE"


def test_steady_state_is_told_again_every_six_hours() -> None:
    """While nothing happens, the only event is the steady state's, every six hours."""
    world = rolled_out(World(a_service(1)))
    world.wait(13 * 3_600_000)
    assert world.told() == ["has reached a steady state."] * 2


def test_service_scaled_to_nothing_is_steady() -> None:
    """Desired 0: the tasks stop, and the service is steady once they are gone."""
    world = rolled_out(World(a_service(2)))
    world.scale(0)
    world.settle()
    world.end_stopping()
    world.settle()
    assert world.live() == []
    assert world.told()[-1] == "has reached a steady state."
