"""Ctrl-C and SIGTERM during a deployment: nothing is left half-done, and nobody is left in the dark."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.deployment import deploy
from shipway.deploy.errors import DeployError
from shipway.deploy.planning.verdict import Verdict

from .fakes import World
from .hello import application, deployed


def press_once(world: World) -> None:
    """Ctrl-C in the next pause of a watch."""

    def press() -> None:
        world.pace.on_pause = lambda: None
        assert not world.interruption.holding
        raise KeyboardInterrupt

    world.pace.on_pause = press


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("detach", Verdict.DETACHED),
        ("leave", Verdict.INTERRUPTED),
        ("roll back", Verdict.ROLLED_BACK),
        ("watch", Verdict.DEPLOYED),
    ],
)
def test_interruption_is_asked_about(answer: str, verdict: Verdict) -> None:
    """Ctrl-C during the watch leaves nothing half-done."""
    world = World()
    deployed(world)
    world.ecs.courses = [["IN_PROGRESS", "SUCCESSFUL"]]
    world.interruption.answer = answer
    press_once(world)
    assert deployed(world, tag="2").verdict is verdict


@pytest.mark.parametrize(
    ("answer", "verdict", "count"),
    [
        ("detach", Verdict.DETACHED, 5),
        ("leave", Verdict.INTERRUPTED, 5),
        ("roll back", Verdict.ROLLED_BACK, 3),
        ("watch", Verdict.DEPLOYED, 5),
    ],
)
def test_interruption_of_a_new_count_is_asked_about(answer: str, verdict: Verdict, count: int) -> None:
    """Its way back is the count before."""
    world = World()
    deployed(world)
    live = world.ecs.services["hello"]
    live |= {"runningCount": 3, "desiredCount": 3}
    world.interruption.answer = answer
    press_once(world)
    bigger = application(service={"serviceName": "hello", "desiredCount": 5})
    pressed = world.pace.on_pause

    def scaled() -> None:
        live["runningCount"] = 5
        pressed()

    world.pace.on_pause = scaled
    outcome = deploy(bigger, world.aws, world.tools, DeployOptions(tag="1"))
    assert (outcome.verdict, live["desiredCount"]) == (verdict, count)


def test_change_at_ecs_is_not_left_in_the_middle() -> None:
    """From the first call that changes something to the watch, Ctrl-C waits; during the build it does not."""
    world = World(cluster=False)
    holding: dict[str, bool] = {}
    for operation in ("CreateCluster", "RegisterTaskDefinition", "CreateService"):
        answer = world.ecs.answers[operation]

        def noted(members: dict[str, Any], operation: str = operation, answer: Any = answer) -> Any:
            holding[operation] = world.interruption.holding
            return answer(members)

        world.ecs.answers[operation] = noted
    deployed(world)
    assert holding == {"CreateCluster": True, "RegisterTaskDefinition": True, "CreateService": True}
    assert not world.interruption.holding


def test_second_interruption_says_what_goes_on() -> None:
    """Who is in such a hurry learns at least where to look."""
    world = World()
    deployed(world)

    def pressed_twice(members: dict[str, Any]) -> dict[str, Any]:
        raise KeyboardInterrupt

    world.ecs.answers["UpdateService"] = pressed_twice
    with pytest.raises(DeployError, match="see it with `shipway status -e local -s hello/hello`") as raised:
        deployed(world, tag="2")
    assert raised.value.exit_code == 130
