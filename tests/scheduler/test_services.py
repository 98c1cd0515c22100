"""Plans for one service, as text: what is decided, in which order, and what is told."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.model.service import DeploymentAlarms
from shipway.model.snapshot import ServiceSnapshot
from shipway.scheduler.services import decide_service
from tests.builders import (
    START_MS,
    a_binding,
    a_breaker,
    a_container,
    a_container_definition,
    a_fleet,
    a_revision,
    a_service,
    a_service_deployment,
    a_snapshot,
    a_stopped_task,
    a_task,
    a_task_definition,
    an_instance,
    revision_arn,
)
from tests.scheduler.world import CountingIds, World

SEE_ALSO = " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
UNPLACED = "was unable to place a task because no container instance met all of its requirements."
SICK = (a_container(has_health_check=True, health_status="UNHEALTHY"),)


def planned(snapshot: ServiceSnapshot) -> str:
    """The plan's text; ids without their zeros."""
    return "\n".join(
        line.replace("0" * 28, "") for line in decide_service(snapshot, CountingIds()).text().split("\n")
    )


def messages(snapshot: ServiceSnapshot) -> list[str]:
    """The events of the plan, without the service's name."""
    actions = decide_service(snapshot, CountingIds()).actions
    found = [str(getattr(action, "message", "")) for action in actions]
    return [message.removeprefix("(service web) ").replace("0" * 28, "") for message in found if message]


def unplaceable(**members: Any) -> ServiceSnapshot:
    """One task is wanted and no instance will do; `memory` is what the task needs."""
    definition = a_task_definition(1, a_container_definition(memory=members.pop("memory", 128)))
    service = members.pop("service", a_service(1))
    return a_snapshot(service, task_definitions={definition.task_definition_arn: definition}, **members)


def test_first_pass_of_a_new_service() -> None:
    """The service deployment begins, tasks start in three zones, the deployment's desired count is set."""
    service = a_service(3, service_deployment_arn=a_service_deployment().service_deployment_arn)
    snapshot = a_snapshot(
        service, revisions=(a_revision(),), service_deployments=(a_service_deployment(status="PENDING"),)
    )
    wanted = "3 tasks of ecs-svc/1 are wanted, 0 are live."
    assert planned(snapshot) == "\n".join(
        [
            "begin d00000000000000000001: ecs-svc/1 is to be rolled out.",
            f"start 0001 of web:1 on 0001: {wanted}",
            f"start 0002 of web:1 on 0002: {wanted}",
            f"start 0003 of web:1 on 0003: {wanted}",
            "event (service web) has started 3 tasks: (task 0001) (task 0002) (task 0003).:"
            " Tasks were started.",
            "deployment 1 desired 3: It was 0.",
        ]
    )


def test_nothing_to_do_is_an_empty_plan() -> None:
    """A steady service decides nothing, and says when it wants to look again."""
    tasks = (a_task(1), a_task(2, instance=2), a_task(3, instance=3))
    plan = decide_service(a_snapshot(a_service(3, steady_at=START_MS), *tasks), CountingIds())
    assert (plan.actions, plan.wake_at) == ((), START_MS + 6 * 3_600_000)


def test_rolling_step_in_the_middle() -> None:
    """One new task is healthy: one old one goes, the fullest zone's newest, and the counts follow."""
    tasks = (
        a_task(1, instance=1),
        a_task(2, instance=2),
        a_task(3, instance=2),
        a_task(4, revision=2, instance=1),
        a_task(5, revision=2, instance=3, last_status="PENDING"),
        a_task(6, revision=2, instance=2, last_status="PENDING"),
    )
    revisions = (a_revision(2, desired_count=3), a_revision(1, completed=True, desired_count=3))
    snapshot = a_snapshot(a_service(3, revision_arn=revision_arn(2)), *tasks, revisions=revisions)
    assert planned(snapshot) == "\n".join(
        [
            "stop 0003 (ServiceSchedulerInitiated: Scaling activity initiated by (deployment ecs-svc/1)):"
            " ecs-svc/2 replaces it: 1 of 3 are healthy, 3 in all must be.",
            "event (service web) has stopped 1 running tasks: (task 0003).: Running tasks were told to stop.",
            "deployment 1 desired 2: It was 3.",
        ]
    )


def test_circuit_breaker_plan() -> None:
    """The third failure: failed, then rolled back to the latest completed one, and nothing else yet."""
    deployment = a_service_deployment(3, failure_count=2)
    service = a_service(
        2,
        breaker=a_breaker(),
        revision_arn=revision_arn(3),
        service_deployment_arn=deployment.service_deployment_arn,
    )
    revisions = (a_revision(3), a_revision(2, completed=True), a_revision(1, completed=True))
    failed = [a_stopped_task(number, 100, revision=3) for number in (3, 4, 5)]
    tasks = (a_task(1, revision=2), a_task(2, revision=2), *failed)
    snapshot = a_snapshot(service, *tasks, revisions=revisions, service_deployments=(deployment,))
    assert planned(snapshot) == "\n".join(
        [
            "failures 3: The circuit breaker's threshold is 3.",
            "fail 3 (ROLLBACK_IN_PROGRESS): 3 tasks failed; the circuit breaker's threshold is 3.",
            "event (service web) (deployment ecs-svc/3) deployment failed: tasks failed to start.:"
            " 3 tasks failed; the circuit breaker's threshold is 3.",
            "roll back to 2: ecs-svc/2 is the latest that completed.",
            "event (service web) rolling back to deployment ecs-svc/2.:"
            " ecs-svc/2 is the latest that completed.",
        ]
    )


def test_placement_refusals_tell_the_closest_instance() -> None:
    """Memory, CPU, ports, attributes and agent have sentences of their own; the rest tell the reason."""
    assert messages(unplaceable(memory=4097)) == [
        f"{UNPLACED} The closest matching (container-instance 0001) has insufficient memory available."
        + SEE_ALSO
    ]
    away = a_fleet(an_instance(agent_connected=False))
    assert messages(unplaceable(fleet=away)) == [
        f'{UNPLACED} The closest matching (container-instance 0001) encountered error "AGENT".{SEE_ALSO}'
    ]
    nobody = a_fleet(an_instance(status="DRAINING"))
    assert messages(unplaceable(fleet=nobody)) == [
        f"{UNPLACED} Reason: No Container Instances were found in your cluster.{SEE_ALSO}"
    ]


def test_placement_refusal_is_told_once_while_it_stands() -> None:
    """The same reason is not told again; it is forgotten when a task finds its place."""
    told = a_service(1, told_at={"placement: RESOURCE:MEMORY": START_MS})
    assert messages(unplaceable(service=told, memory=4097)) == []
    assert "over: placement: RESOURCE:MEMORY" in planned(unplaceable(service=told))


def test_placement_refusal_that_lasts_is_told_again_after_six_hours() -> None:
    """Once when it begins, then every six hours while it stands."""
    world = World(a_service(1), instances=(an_instance(memory=100),))
    world.wait(13 * 3_600_000)
    assert [message.split(".")[0] for message in world.told()] == [UNPLACED.rstrip(".")] * 3


def test_no_complaint_while_tasks_are_leaving() -> None:
    """What a stopping task still holds may be the very room that lacks: the event waits until it is gone."""
    leaving = a_task(9, desired_status="STOPPED", last_status="STOPPING")
    snapshot = unplaceable(memory=4097, tasks=(leaving,))
    assert messages(snapshot) == []
    told = replace(snapshot.service, told_at={"placement: RESOURCE:MEMORY": START_MS})
    assert "over" not in planned(replace(snapshot, service=told))


def test_fargate_service_without_capacity() -> None:
    """Before its first instance tasks are born unplaced; too large for those that are there, it says so."""
    revision = a_revision(launch_type="FARGATE")
    nobody = a_fleet(an_instance(agent_connected=False))
    assert "start 0001 of web:1 on unplaced" in planned(unplaceable(revisions=(revision,), fleet=nobody))
    assert messages(unplaceable(revisions=(revision,), memory=4097)) == [
        "was unable to place a task. Reason: Capacity is unavailable at this time."
        f" Please try again later or in a different availability zone.{SEE_ALSO}"
    ]


def test_unhealthy_task_without_room_goes_first() -> None:
    """At maximum 100 one unhealthy task stops, then its replacement starts; the others wait their turn."""
    service = a_service(2, minimum=0, maximum=100)
    snapshot = a_snapshot(service, a_task(1, containers=SICK), a_task(2, instance=2, containers=SICK))
    assert messages(snapshot) == [
        "(task 0001) failed container health checks.",
        "has stopped 1 running tasks: (task 0001).",
        "has started 1 tasks: (task 0001). Amazon ECS replaced 1 tasks due to an unhealthy status.",
    ]
    waiting = a_snapshot(service, a_task(1, last_status="PENDING"), a_task(2, containers=SICK))
    assert messages(waiting) == []


def test_unhealthy_task_goes_when_its_replacement_finds_no_place() -> None:
    """In a full cluster the unhealthy task holds the room that its replacement needs."""
    sick = a_task(1, containers=SICK)
    snapshot = a_snapshot(a_service(1), sick, fleet=a_fleet(an_instance(memory=200), tasks=(sick,)))
    assert messages(snapshot)[:2] == [
        "(task 0001) failed container health checks.",
        "has stopped 1 running tasks: (task 0001).",
    ]


def test_distinct_instance_forgets_the_task_that_is_stopped() -> None:
    """With one instance and no room above, old and new task of a distinctInstance service change places."""
    service = a_service(
        1,
        minimum=0,
        maximum=100,
        revision_arn=revision_arn(2),
        placement_constraints=({"type": "distinctInstance"},),
    )
    old = a_task(1)
    revisions = (a_revision(2), a_revision(1, completed=True))
    fleet = a_fleet(an_instance(), tasks=(old,))
    snapshot = a_snapshot(service, old, revisions=revisions, fleet=fleet)
    assert [message.split(":")[0] for message in messages(snapshot)] == [
        "has stopped 1 running tasks",
        "has started 1 tasks",
    ]


def test_draining_instance_is_emptied_within_the_limits() -> None:
    """Replacements start first, on other instances; the old task goes when the new one is healthy."""
    world = World(a_service(2))
    world.settle()
    world.run()
    world.wait(5_000)
    world.told()
    world.instances = (replace(world.instances[0], status="DRAINING"), *world.instances[1:])
    world.settle()
    assert world.told() == ["has started 1 tasks: (task 3)."]
    assert (
        world.tasks[world.live()[-1].task_arn].container_instance_arn == an_instance(3).container_instance_arn
    )
    world.run()
    world.wait(5_000)
    assert world.told() == ["has stopped 1 running tasks: (task 1)."]
    world.end_stopping()
    world.settle()
    assert world.told() == ["has reached a steady state."]


def test_protected_tasks_are_not_scaled_in() -> None:
    """A protected old task outlives the roll-out, which waits for it and says so."""
    tasks = (
        a_task(1, protected_until=START_MS + 90_000),
        a_task(2, revision=2, instance=2),
    )
    revisions = (a_revision(2, desired_count=1), a_revision(1, completed=True, desired_count=1))
    snapshot = a_snapshot(a_service(1, revision_arn=revision_arn(2)), *tasks, revisions=revisions)
    assert messages(snapshot) == [
        "was unable to reach steady state because (taskSet ecs-svc/1) was unable to scale in"
        " due to (reason 1 tasks under protection)"
    ]
    assert decide_service(snapshot, CountingIds()).wake_at == START_MS + 90_000


def test_a_protected_task_on_a_draining_instance_is_left_alone_even_while_it_is_pending() -> None:
    """Without protection a PENDING task goes at once."""
    fleet = a_fleet(an_instance(1, status="DRAINING"), an_instance(2))
    pending = a_task(1, last_status="PENDING")
    protected = replace(pending, protected_until=START_MS + 90_000)
    revision = a_revision(1, completed=True, desired_count=1)
    assert "stop" in planned(a_snapshot(a_service(1), pending, revisions=(revision,), fleet=fleet))
    plan = planned(a_snapshot(a_service(1), protected, revisions=(revision,), fleet=fleet))
    assert "stop" not in plan


def test_back_off_holds_starts_and_names_the_moment() -> None:
    """Three failed starts in a row: nothing starts before the pause is over; the event is told."""
    failed = [a_stopped_task(number, at=START_MS + 60_000) for number in (1, 2, 3)]
    snapshot = a_snapshot(a_service(1), *failed, now_ms=START_MS + 60_500)
    plan = decide_service(snapshot, CountingIds())
    assert messages(snapshot) == [f"is unable to consistently start tasks successfully.{SEE_ALSO}"]
    assert plan.wake_at == START_MS + 61_000
    assert "start" in planned(replace(snapshot, now_ms=START_MS + 61_000))


def test_old_task_that_dies_during_a_rollout_is_replaced_by_its_like() -> None:
    """The new tasks come first; what room is left restores the old revision while it is still needed."""
    tasks = (
        a_task(1),
        a_stopped_task(2, 60_000),
        *(a_task(n, revision=2, last_status="PENDING") for n in (3, 4)),
    )
    revisions = (a_revision(2, desired_count=2), a_revision(1, completed=True, desired_count=2))
    snapshot = a_snapshot(a_service(2, revision_arn=revision_arn(2)), *tasks, revisions=revisions)
    assert planned(snapshot).split("\n")[0] == (
        "start 0001 of web:1 on 0002: One like it ended by itself while ecs-svc/2 is not rolled out."
    )


def test_task_whose_essential_container_exited_is_missing_already() -> None:
    """Its other containers may take their time to stop; the replacement does not wait for them."""
    dying = a_task(1, containers=(a_container(last_status="STOPPED", exit_code=1), a_container("log")))
    assert "has started 1 tasks" in planned(a_snapshot(a_service(1), dying))


def test_binding_bearing_task_waits_for_its_target() -> None:
    """A deployment behind a load balancer does not complete on RUNNING alone."""
    revision = a_revision(load_balancers=(a_binding(),), desired_count=1)
    snapshot = a_snapshot(a_service(1), a_task(1, healthy_at=None), revisions=(revision,))
    assert planned(snapshot) == ""


def test_bake_time_delays_completion() -> None:
    """The deployment completes when the bake time is over, counted from the last change."""
    world = World(a_service(1, bake_time_ms=60_000))
    world.settle()
    world.run()
    world.wait(64_999)
    assert world.revision(1).rollout_state == "IN_PROGRESS"
    world.wait(1)
    assert world.revision(1).rollout_state == "COMPLETED"


def test_alarms_are_watched_for_a_while_before_completion() -> None:
    """With alarms and no bake time given, the deployment waits a minute; a bake time of 0 is one too."""
    alarms = DeploymentAlarms(enable=True, names=("hot",))
    for bake_time_ms, state in ((None, "IN_PROGRESS"), (0, "COMPLETED")):
        world = World(a_service(1, alarms=alarms, bake_time_ms=bake_time_ms))
        world.settle()
        world.run()
        world.wait(64_999)
        assert world.revision(1).rollout_state == state
        world.wait(1)
        assert world.revision(1).rollout_state == "COMPLETED"


def test_bake_time_is_a_wait_that_speed_shortens() -> None:
    """A bake time of a minute lasts a second at speed 60."""
    world = World(a_service(1, bake_time_ms=60_000), timing={"speed": 60.0, "dwell_ms": 100})
    world.settle()
    world.run()
    world.wait(1_099)
    assert world.revision(1).rollout_state == "IN_PROGRESS"
    world.wait(1)
    assert world.revision(1).rollout_state == "COMPLETED"


def test_leaving_the_steady_state_is_noted_without_an_event() -> None:
    """Scaling out ends the steady state at once, so that reaching it again is told again."""
    snapshot = a_snapshot(a_service(2, steady_at=START_MS), a_task(1))
    assert "not steady" in planned(snapshot)
    assert messages(snapshot) == ["has started 1 tasks: (task 0001)."]
