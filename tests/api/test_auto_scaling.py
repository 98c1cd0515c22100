"""Application Auto Scaling: kept by moto for our services, read beside it, its alarms evaluated."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shipway.api.app import elsewhere_of
from shipway.api.auto_scaling import AutoScaling
from shipway.api.call import Settings
from shipway.model.arn import Place
from shipway.model.scaling import MetricQuery, ScalableTarget, ScalingReport, Step
from shipway.model.service import Service
from shipway.seams import SystemClock
from shipway.store import Store
from shipway.store.metrics import Metrics, Series
from tests.api.fake_registry import FakeRegistry
from tests.api.front_door import FrontDoor, Server, a_context

TARGET: dict[str, Any] = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/default/web",
    "ScalableDimension": "ecs:service:DesiredCount",
}
CPU = Series("AWS/ECS", "CPUUtilization", (("ClusterName", "default"), ("ServiceName", "web")))
MINUTE = 60_000


class Scene:
    """A front door whose moto can be looked at beside it."""

    def __init__(self, folder: Path) -> None:
        registry = FakeRegistry()
        settings, clock, store = Settings(version="1.2.3"), SystemClock(), Store.open(None)
        self.metrics = Metrics()
        elsewhere = elsewhere_of(settings, store, self.metrics, clock)
        self.clock = clock
        self.auto_scaling = AutoScaling(elsewhere, settings, self.metrics)
        place = Place(settings.account_id, settings.region)
        with store.transaction() as tx:
            arn = place.service("default", "web")
            tx.put(Service(service_arn=arn, cluster_arn=place.cluster("default"), revision_arn="r"))
        context = replace_context(folder, registry, store, elsewhere, settings)
        self.server = Server(context, [])
        self.server.start()
        self.door = FrontDoor(self.server.url, context, registry)
        self.scaling = self.door.client("application-autoscaling")
        self.cloudwatch = self.door.client("cloudwatch")

    def observe(self) -> ScalingReport:
        return asyncio.run(self.auto_scaling.observe(self.clock.now_ms()))

    def register(self, **changes: Any) -> None:
        self.scaling.register_scalable_target(**{**TARGET, "MinCapacity": 1, "MaxCapacity": 5, **changes})

    def track(self, name: str, **configuration: Any) -> None:
        self.scaling.put_scaling_policy(
            **TARGET,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=configuration,
        )

    def put_data(self, *values: float) -> None:
        data = [{"MetricName": "Errors", "Value": value} for value in values]
        self.cloudwatch.put_metric_data(Namespace="Shop", MetricData=data)

    def put_alarm(self, **changes: Any) -> None:
        defaults = {
            "AlarmName": "errors",
            "Namespace": "Shop",
            "MetricName": "Errors",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 5,
            "ComparisonOperator": "GreaterThanThreshold",
        }
        self.cloudwatch.put_metric_alarm(**{**defaults, **changes})

    def state(self, name: str = "errors") -> str:
        return str(self.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"])


def replace_context(folder: Path, registry: FakeRegistry, store: Store, elsewhere: Any, settings: Any) -> Any:
    return a_context(folder, registry, store=store, elsewhere=elsewhere, settings=settings)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.server.stop()
    made.door.context.store.close()
    made.door.context.log_events.close()
    reset_moto()


def reset_moto() -> None:
    """moto's state is one for the process: the next test begins without this one's."""
    from moto.applicationautoscaling.models import applicationautoscaling_backends
    from moto.cloudwatch.models import cloudwatch_backends

    for known in (applicationautoscaling_backends, cloudwatch_backends):
        known.reset()


def test_a_target_needs_a_service_of_ours(scene: Scene) -> None:
    """moto asks our services, not its own ECS."""
    scene.register()
    (seen,) = scene.observe().targets
    assert seen.target == ScalableTarget(cluster_name="default", service_name="web", minimum=1, maximum=5)
    with pytest.raises(ClientError, match="ECS service doesn't exist"):
        scene.register(ResourceId="service/default/other")


def test_policies_become_values(scene: Scene) -> None:
    """Metrics, cooldowns, steps, suspension, schedules: what decisions need, and nothing of moto's."""
    suspended = {"DynamicScalingInSuspended": True}
    scene.register(SuspendedState=suspended)
    predefined = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    scene.track("cpu", TargetValue=50, PredefinedMetricSpecification=predefined, ScaleOutCooldown=60)
    label = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": "app/a/1/targetgroup/g/2"}
    scene.track("requests", TargetValue=100, PredefinedMetricSpecification=label, DisableScaleIn=True)
    custom = {"Namespace": "Shop", "MetricName": "Queue", "Statistic": "Maximum"}
    scene.track("queue", TargetValue=10, CustomizedMetricSpecification=custom)
    steps = [{"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1}]
    scene.scaling.put_scaling_policy(
        **TARGET,
        PolicyName="steps",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "PercentChangeInCapacity",
            "StepAdjustments": steps,
            "Cooldown": 30,
            "MinAdjustmentMagnitude": 2,
        },
    )
    scene.scaling.put_scheduled_action(
        **TARGET,
        ScheduledActionName="morning",
        Schedule="cron(0 9 * * ? *)",
        EndTime=datetime(2030, 1, 1, tzinfo=UTC),
        ScalableTargetAction={"MinCapacity": 3},
    )
    (seen,) = scene.observe().targets
    target = seen.target
    assert (target.in_suspended, target.out_suspended) == (True, False)
    cpu, requests, queue = target.tracking
    assert (cpu.metric, cpu.target, cpu.scale_out_cooldown_s, cpu.scale_in_cooldown_s) == (
        MetricQuery(*CPU),
        50,
        60,
        300,
    )
    dimensions = (("LoadBalancer", "app/a/1"), ("TargetGroup", "targetgroup/g/2"))
    assert requests.metric == MetricQuery("AWS/ApplicationELB", "RequestCountPerTarget", dimensions, "Sum")
    assert requests.disable_scale_in
    assert queue.metric == MetricQuery("Shop", "Queue", (), "Maximum")
    (policy,) = target.steps
    assert (policy.adjustment_type, policy.steps) == ("PercentChangeInCapacity", (Step(1, 0, 10),))
    assert (policy.cooldown_s, policy.minimum_magnitude) == (30, 2)
    (action,) = target.scheduled
    assert (action.schedule, action.minimum, action.maximum) == ("cron(0 9 * * ? *)", 3, None)
    assert action.end_at == 1_893_456_000_000


def test_figures_of_ours_and_of_users(scene: Scene) -> None:
    """A period's figure each, oldest first; where nobody measured there is none."""
    scene.register()
    predefined = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    scene.track("cpu", TargetValue=50, PredefinedMetricSpecification=predefined)
    custom = {"Namespace": "Shop", "MetricName": "Errors", "Statistic": "Sum"}
    scene.track("errors", TargetValue=10, CustomizedMetricSpecification=custom)
    now_ms = scene.clock.now_ms()
    scene.metrics.set(CPU, 80, now_ms - 2 * MINUTE)
    scene.put_data(3, 4)
    (seen,) = scene.observe().targets
    assert seen.datapoints["cpu"][-4:] == (None, 80, 80, 80)
    assert seen.datapoints["errors"][-2:] == (None, 7)


def test_alarms_are_evaluated_when_there_are_new_data(scene: Scene) -> None:
    """What was put by hand stays until then."""
    scene.put_alarm()
    assert not scene.observe().alarms_changed
    assert scene.state() == "OK"
    scene.put_data(9)
    assert scene.observe().alarms_changed
    assert scene.state() == "ALARM"
    assert not scene.observe().alarms_changed
    scene.cloudwatch.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="a drill")
    assert not scene.observe().alarms_changed
    assert scene.state() == "OK"


def test_an_alarm_triggers_its_step_policy(scene: Scene) -> None:
    """By how much its threshold is exceeded; set by hand without data, by nothing."""
    scene.register()
    answer = scene.scaling.put_scaling_policy(
        **TARGET,
        PolicyName="steps",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={"AdjustmentType": "ChangeInCapacity", "StepAdjustments": []},
    )
    scene.put_alarm(AlarmActions=[answer["PolicyARN"]])
    assert scene.observe().targets[0].breaches == {}
    scene.cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")
    assert scene.observe().targets[0].breaches == {"steps": 0.0}
    scene.put_data(12)
    assert scene.observe().targets[0].breaches == {"steps": 7.0}
    scene.cloudwatch.disable_alarm_actions(AlarmNames=["errors"])
    assert scene.observe().targets[0].breaches == {}


def test_the_alarms_of_target_tracking_say_what_is_tracked(scene: Scene) -> None:
    """moto gives them all one threshold; here they have the policy's, and the states that follow."""
    scene.register()
    predefined = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    scene.track("cpu", TargetValue=50, PredefinedMetricSpecification=predefined)
    scene.metrics.set(CPU, 99, scene.clock.now_ms() - 20 * MINUTE)
    scene.observe()
    alarms = {
        alarm["AlarmName"].split("-Alarm")[1][:3]: alarm
        for alarm in scene.cloudwatch.describe_alarms()["MetricAlarms"]
    }
    assert (alarms["Hig"]["Threshold"], alarms["Low"]["Threshold"]) == (50, 45)


def test_limits_are_set_where_the_target_is_kept(scene: Scene) -> None:
    """DescribeScalableTargets shows them."""
    scene.register()
    (seen,) = scene.observe().targets
    asyncio.run(scene.auto_scaling.set_limits(seen.target, 2, 9))
    (shown,) = scene.scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert (shown["MinCapacity"], shown["MaxCapacity"]) == (2, 9)
