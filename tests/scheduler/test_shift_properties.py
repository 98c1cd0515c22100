"""Whatever happens in the middle of a shift: traffic is never sent where nobody can bear it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shipway.model.traffic_shift import FAILED, SUCCEEDED, CanaryConfiguration, LinearConfiguration
from tests.builders import a_breaker, a_hook, a_pause, a_service
from tests.scheduler.shift_world import GROUPS, ShiftWorld

STRATEGIES: dict[str, dict[str, object]] = {
    "BLUE_GREEN": {},
    "CANARY": {
        "canary": CanaryConfiguration(canary_percent=12.5, canary_bake_time_ms=60_000),
        "linear": None,
    },
    "LINEAR": {"linear": LinearConfiguration(step_percent=30, step_bake_time_ms=30_000), "canary": None},
    "ROLLING": {},
}
HOOKS = (a_hook("POST_SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT"), a_pause("PRE_PRODUCTION_TRAFFIC_SHIFT"))
HAPPENINGS = (
    *("run", "come up", "come up", "wait", "wait", "wait long", "answer", "answer"),
    *("crash blue", "crash green", "fail", "sick", "scale up", "scale down", "refuse", "roll back", "stop"),
    *(f"deploy {strategy}" for strategy in STRATEGIES),
)


@given(
    st.sampled_from(list(STRATEGIES)),
    st.lists(st.sampled_from(HAPPENINGS), min_size=5, max_size=50),
    st.sampled_from(((100, 200), (50, 150), (0, 100))),
)
def test_a_shift_survives_anything_and_then_converges(
    strategy: str, happenings: list[str], limits: tuple[int, int]
) -> None:
    """Every plan on the way is checked for where it sends traffic. When all is well again the service is
    steady, and all traffic goes to the one revision that is left.
    """
    service = a_service(2, minimum=limits[0], maximum=limits[1], breaker=a_breaker())
    world = ShiftWorld(service)
    world.come_up()
    world.wait(60_000)
    befall(world, f"deploy {strategy}")
    for happening in happenings:
        world.settle()
        befall(world, happening)
        assert sum(world.traffic().values()) in (1, 100, 1000)
    world.deploy(strategy="BLUE_GREEN", lifecycle_hooks=())
    for _ in range(40):
        world.come_up()
        for task in world.live():
            world.be(task, "healthy")
        world.wait(60_000)
    newest = world.updates
    assert world.deployment(newest).status == "SUCCESSFUL", world.deployment(newest)
    assert world.service.steady_at is not None
    assert world.counts() == ({newest: world.service.desired_count} if world.service.desired_count else {})
    (serving,) = [name for name, weight in world.traffic().items() if weight]
    assert [GROUPS[entry.target_group_arn] for entry in world.revision(newest).bindings] == [serving]


def befall(world: ShiftWorld, happening: str) -> None:
    live, newest = world.live(), world.updates
    deployment = world.deployment(newest)
    match happening.split(" ", 1):
        case ["run"]:
            world.run()
        case ["stop"]:
            world.end_stopping()
        case ["wait"]:
            world.wait(5_000)
        case ["wait", "long"]:
            world.wait(120_000)
        case ["come", "up"]:
            world.come_up()
        case ["answer" | "refuse" as answer]:
            settle_hook(world, SUCCEEDED if answer == "answer" else FAILED)
        case ["crash", "blue"] if live:
            world.crash(live[0])
        case ["crash", "green"] if live:
            world.crash(live[-1])
        case ["fail"] if live and live[-1].pending:
            world.fail_to_start(live[-1])
        case ["sick"] if live and live[-1].running:
            world.be(live[-1], "unhealthy")
        case ["scale", direction]:
            change = 1 if direction == "up" else -1
            world.scale(min(4, max(0, world.service.desired_count + change)))
        case ["roll", "back"] if deployment.status in ("PENDING", "IN_PROGRESS"):
            world.ask("ROLLBACK_REQUESTED")
        case ["deploy", strategy]:
            members: dict[str, object] = {"canary": None, "linear": None, **STRATEGIES[strategy]}
            hooks = () if newest % 2 else HOOKS
            world.deploy(strategy=strategy, lifecycle_hooks=hooks, **members)
        case _:
            world.wait(1)


def settle_hook(world: ShiftWorld, status: str) -> None:
    deployment = world.deployment(world.updates)
    runs = deployment.shift.current_runs if deployment.shift and deployment.in_progress else ()
    for run in runs:
        if run.open:
            world.answer(run, status)
            return
