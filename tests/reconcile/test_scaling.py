"""The scaling loop: what Application Auto Scaling says becomes a desired count, while it says anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from msgspec.structs import replace

from shipway.load_balancer.edge import Edge
from shipway.load_balancer.target_health import HealthReading, ReadingKey
from shipway.model.arn import Place
from shipway.model.scaling import (
    MetricQuery,
    ScalableTarget,
    ScalingReport,
    ScheduledAction,
    TargetReport,
    TargetTracking,
)
from shipway.model.service import DeploymentAlarms, Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.target import HEALTHY
from shipway.reconcile.scaling import ScalingTurn
from shipway.reconcile.surroundings import Surroundings
from shipway.seams import SeededIds
from shipway.store import Store
from shipway.store.metrics import Series
from tests.builders import PLACE, START_MS, TARGET_GROUP, a_revision, a_service, a_service_deployment, a_task

MINUTE = 60_000
NEXT_MINUTE = (START_MS // MINUTE + 1) * MINUTE
CPU = MetricQuery("AWS/ECS", "CPUUtilization", (("ClusterName", "demo"), ("ServiceName", "web")))


class HandClock:
    def __init__(self) -> None:
        self.ms = START_MS

    def now_ms(self) -> int:
        return self.ms


class Told:
    """Application Auto Scaling that says what the test says, and remembers limits that were set."""

    def __init__(self, *reports: TargetReport, alarms_changed: bool = False, alarms: bool = False) -> None:
        self.report = ScalingReport(targets=reports, alarms_changed=alarms_changed, alarms=alarms)
        self.limits: list[tuple[int, int]] = []

    async def observe(self, now_ms: int) -> ScalingReport:
        return self.report

    async def set_limits(self, target: ScalableTarget, minimum: int, maximum: int) -> None:
        self.limits.append((minimum, maximum))


class Readings:
    """A load balancer whose counters the test sets."""

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        self.asked = 0

    async def readings(self) -> Mapping[ReadingKey, HealthReading]:
        self.asked += 1
        return {
            (TARGET_GROUP, address, 80): HealthReading(state=HEALTHY, requests_total=total)
            for address, total in self.totals.items()
        }


class Scene:
    def __init__(self, told: Told, service: Service | None = None) -> None:
        self.clock = HandClock()
        self.told = told
        self.edge = Readings()
        self.alarm_news = 0
        self.store = Store.open(None)
        with self.store.transaction() as tx:
            tx.put(service or a_service(2))
            tx.put(a_revision(1, completed=True, start_failures_since=5))
            for number in (1, 2):
                tx.put(a_task(number))
        self.around = Surroundings(
            store=self.store,
            clock=self.clock,
            ids=SeededIds(1),
            place=Place(PLACE.account_id, PLACE.region),
            auto_scaling=told,
        )
        self.turn = ScalingTurn(self.around, cast(Edge, self.edge), self._alarms_changed)

    def _alarms_changed(self) -> None:
        self.alarm_news += 1

    async def look(self) -> int | None:
        """The moment of the next look."""
        result = await self.turn()
        assert result.failure is None and not result.refused
        return result.wake_at

    @property
    def desired(self) -> int:
        return self.store.state.all(Service)[0].desired_count


def a_report(*values: float | None, **changes: Any) -> TargetReport:
    policy = TargetTracking(name="cpu", metric=CPU, target=50)
    defaults: dict[str, Any] = {"cluster_name": "demo", "service_name": "web", "minimum": 1, "maximum": 8}
    target = ScalableTarget(**{**defaults, "tracking": (policy,), **changes})
    return TargetReport(target=target, datapoints={"cpu": values})


async def test_a_high_metric_scales_the_service() -> None:
    """As UpdateService would; once, for the policy rests then. The next look is at the next period."""
    scene = Scene(Told(a_report(96, 96, 96)))
    assert await scene.look() == NEXT_MINUTE
    assert scene.desired == 4
    (revision,) = scene.store.state.all(ServiceRevision)
    assert revision.start_failures_since == START_MS
    scene.clock.ms = NEXT_MINUTE
    await scene.look()
    assert scene.desired == 4


async def test_without_targets_the_loop_sleeps() -> None:
    """No target, no look; a service that is not there, or a deployment at rest, wants none either."""
    assert await Scene(Told()).look() is None
    assert await Scene(Told(alarms=True)).look() is None
    scene = Scene(Told(a_report(96, 96, 96, service_name="other")))
    await scene.look()
    assert scene.desired == 2


async def test_alarms_are_evaluated_while_a_deployment_watches_some() -> None:
    """Then the loop looks every period, and tells of states that changed."""
    deployment = a_service_deployment(1)
    watched = a_service(
        2,
        service_deployment_arn=deployment.service_deployment_arn,
        alarms=DeploymentAlarms(enable=True, rollback=True, names=("hot",)),
    )
    scene = Scene(Told(alarms=True, alarms_changed=True), watched)
    assert await scene.look() == NEXT_MINUTE
    assert scene.alarm_news == 1


async def test_a_deployment_suspends_scaling_in() -> None:
    """Fifteen idle minutes change nothing until it is over."""
    deployment = a_service_deployment(1, status="IN_PROGRESS")
    idle = a_report(*[1.0] * 15)
    scene = Scene(Told(idle), a_service(2, service_deployment_arn=deployment.service_deployment_arn))
    with scene.store.transaction() as tx:
        tx.put(deployment)
    await scene.look()
    assert scene.desired == 2
    with scene.store.transaction() as tx:
        tx.put(replace(deployment, status="SUCCESSFUL"))
    await scene.look()
    assert scene.desired == 1


async def test_a_scheduled_action_sets_limits_and_moves_the_count() -> None:
    """When its moment comes, once; the limits are written where the target is kept."""
    action = ScheduledAction(
        name="morning", schedule="rate(5 minutes)", created_at=START_MS, minimum=5, maximum=6
    )
    scene = Scene(Told(a_report(scheduled=(action,))))
    assert await scene.look() == NEXT_MINUTE
    assert (scene.desired, scene.told.limits) == (2, [])
    scene.clock.ms = START_MS + 5 * MINUTE
    await scene.look()
    assert (scene.desired, scene.told.limits) == (5, [(5, 6)])
    await scene.look()
    assert scene.told.limits == [(5, 6)]


async def test_a_schedule_that_is_suspended_over_or_unreadable_does_nothing() -> None:
    """Neither now nor later."""
    action = ScheduledAction(name="a", schedule="rate(1 minute)", created_at=START_MS, minimum=5)
    for changes in (
        {"scheduled": (action,), "scheduled_suspended": True},
        {"scheduled": (replace(action, end_at=START_MS + 1),)},
        {"scheduled": (replace(action, start_at=START_MS + 60 * MINUTE),)},
        {"scheduled": (replace(action, schedule="now and then"),)},
    ):
        scene = Scene(Told(a_report(**changes)))
        scene.clock.ms = START_MS + 2 * MINUTE
        await scene.look()
        assert (scene.desired, scene.told.limits) == (2, [])


async def test_requests_are_counted_while_a_policy_tracks_them() -> None:
    """A minute's requests, shared by the healthy targets; a counter that begins anew counts from nothing."""
    dimensions = (("LoadBalancer", "app/web/1"), ("TargetGroup", TARGET_GROUP.rpartition(":")[2]))
    metric = MetricQuery("AWS/ApplicationELB", "RequestCountPerTarget", dimensions, "Sum")
    policy = TargetTracking(name="requests", metric=metric, target=100)
    scene = Scene(Told(a_report(tracking=(policy,))))
    series = Series(metric.namespace, metric.name, dimensions)
    scene.edge.totals = {"10.0.0.1": 1_000, "10.0.0.2": 50}
    await scene.look()
    assert scene.around.metrics.all() == []
    scene.clock.ms += MINUTE // 2
    scene.edge.totals = {"10.0.0.1": 1_100, "10.0.0.2": 20}
    await scene.look()
    assert scene.around.metrics.at(series, scene.clock.ms) == (100 + 20) * 2 / 2
    untracked = Scene(Told(a_report()))
    await untracked.look()
    assert untracked.edge.asked == 0
