"""A newer deployment takes the place of one that shifts traffic; ROLLING and the others in turn."""

from __future__ import annotations

from shipway.model.traffic_shift import CanaryConfiguration
from tests.builders import a_service
from tests.scheduler.shift_world import ShiftWorld
from tests.scheduler.test_shift_stages import CANARY, MINUTE_MS, SETTLE_MS, deployed


def half_shifted() -> ShiftWorld:
    """Revision 2 has a tenth of the traffic."""
    world = deployed(ShiftWorld(a_service(2, strategy="CANARY", canary=CANARY)))
    world.update()
    world.come_up()
    world.wait(SETTLE_MS)
    assert world.traffic() == {"web": 90, "other": 10}
    world.said()
    return world


def test_a_superseded_shift_gives_its_traffic_back() -> None:
    """At once; then its tasks go, and the newer revision takes the group that they leave."""
    world = half_shifted()
    world.update()
    world.settle()
    assert world.said()[:4] == [
        "weights of production: web 100, other 0",
        "weights of test: web 100, other 0",
        "shift from 1",
        "deployment 3 registers in other",
    ]
    assert world.deployment(2).status == "STOPPED"
    assert (world.shift.stage, world.counts()) == ("RECONCILE_SERVICE", {1: 2})
    world.come_up()
    world.wait(12 * MINUTE_MS)
    world.come_up()
    assert (world.deployment(3).status, world.counts()) == ("SUCCESSFUL", {3: 2})
    assert world.traffic() == {"web": 0, "other": 100}


def test_a_rolling_update_takes_over_from_a_shift() -> None:
    """Its tasks join blue's target group, where all traffic is again."""
    world = half_shifted()
    world.deploy(strategy="ROLLING")
    for _ in range(5):
        world.come_up()
    assert (world.deployment(3).status, world.counts()) == ("SUCCESSFUL", {3: 2})
    assert world.traffic() == {"web": 100, "other": 0}
    assert world.revision(3).bindings == world.revision(1).bindings


def test_a_rolling_update_after_a_shift_stays_where_the_traffic_is() -> None:
    """The group that the last deployment moved to, not the configured one."""
    world = half_shifted()
    world.wait(20 * MINUTE_MS)
    world.come_up()
    assert world.traffic() == {"web": 0, "other": 100}
    world.deploy(strategy="ROLLING")
    for _ in range(5):
        world.come_up()
    assert (world.deployment(3).status, world.traffic()) == ("SUCCESSFUL", {"web": 0, "other": 100})
    assert world.revision(3).bindings == world.revision(2).bindings


def test_a_shift_whose_blue_is_going_has_succeeded() -> None:
    """Superseded in CLEAN_UP: the newer deployment starts from it, and never goes back to blue."""
    world = half_shifted()
    world.wait(11 * MINUTE_MS)
    assert world.shift.stage == "CLEAN_UP"
    world.update()
    world.settle()
    assert world.deployment(2).status == "SUCCESSFUL"
    assert world.shift.blue_revision_arn == world.revision(2).service_revision_arn
    world.come_up()
    world.wait(20 * MINUTE_MS)
    world.come_up()
    assert (world.deployment(3).status, world.counts()) == ("SUCCESSFUL", {3: 2})
    assert world.traffic() == {"web": 100, "other": 0}


def test_a_shift_may_supersede_a_rolling_update() -> None:
    """The half of it that has come goes again; blue is what completed last."""
    world = deployed(ShiftWorld(a_service(2, minimum=50, maximum=100)))
    world.update()
    world.settle()
    world.end_stopping()
    world.settle()
    world.deploy(strategy="BLUE_GREEN")
    for _ in range(5):
        world.come_up()
        world.wait(MINUTE_MS)
    assert (world.deployment(3).status, world.counts()) == ("SUCCESSFUL", {3: 2})
    assert world.traffic()["web"] == 0


def test_green_keeps_the_traffic_when_blue_is_dead() -> None:
    """Superseded while only green has healthy tasks: then green is who serves."""
    world = half_shifted()
    for task in world.live(1):
        world.crash(task)
    world.deploy(strategy="CANARY", canary=CanaryConfiguration(canary_percent=50, canary_bake_time_ms=0))
    world.settle()
    assert world.traffic() == {"web": 0, "other": 100}
    assert world.shift.blue_revision_arn == world.revision(2).service_revision_arn
    for _ in range(5):
        world.come_up()
        world.wait(MINUTE_MS)
    assert (world.deployment(3).status, world.counts()) == ("SUCCESSFUL", {3: 2})
    assert world.traffic() == {"web": 100, "other": 0}
