"""CloudWatch's alarms, kept by moto and read beside it: who watches a deployment hears of every change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shipway.api.elsewhere import may_change
from shipway.api.monitoring import AutoScalingGroups, Monitoring
from shipway.model.capacity_provider import GroupSize
from shipway.store.metrics import Series
from tests.api.fake_registry import FakeRegistry
from tests.api.front_door import FrontDoor, Server, a_context


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def listening(tmp_path: Path, heard: list[str]) -> Iterator[FrontDoor]:
    """A front door that tells this test what may have changed elsewhere."""
    registry = FakeRegistry()
    context = a_context(tmp_path, registry, heard=heard.append)
    server = Server(context, [])
    server.start()
    yield FrontDoor(server.url, context, registry)
    server.stop()
    context.store.close()
    context.log_events.close()


def put_alarm(cloudwatch: Any, name: str) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Shop",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )


def test_the_states_of_alarms_are_read_beside_moto(listening: FrontDoor, heard: list[str]) -> None:
    """Each change is heard of, and the state is there by then; reads are not told of."""
    monitoring = Monitoring(listening.context.settings)
    cloudwatch = listening.client("cloudwatch")
    put_alarm(cloudwatch, "errors-high")
    assert monitoring.alarm_states(("errors-high", "never-made")) == {"errors-high": "OK"}
    cloudwatch.set_alarm_state(AlarmName="errors-high", StateValue="ALARM", StateReason="a drill")
    assert monitoring.alarm_states(("errors-high",)) == {"errors-high": "ALARM"}
    assert heard == ["monitoring", "monitoring"]
    cloudwatch.describe_alarms()
    assert heard == ["monitoring", "monitoring"]
    cloudwatch.delete_alarms(AlarmNames=["errors-high"])
    assert monitoring.alarm_states(("errors-high",)) == {}
    assert heard == ["monitoring"] * 3


def test_alarms_of_another_region_do_not_count(listening: FrontDoor) -> None:
    """A deployment watches the alarms of its own region."""
    put_alarm(listening.client("cloudwatch", region_name="eu-west-1"), "errors-high")
    assert Monitoring(listening.context.settings).alarm_states(("errors-high",)) == {}


def test_our_metrics_are_among_cloudwatchs(listening: FrontDoor) -> None:
    """Listed, and read minute by minute, by whoever asks moto."""
    context = listening.context
    now_ms = context.clock.now_ms()
    dimensions = (("CapacityProviderName", "asg"), ("ClusterName", "default"))
    series = Series("AWS/ECS/ManagedScaling", "CapacityProviderReservation", dimensions)
    context.metrics.set(series, 50, now_ms - 5 * 60_000)
    context.metrics.set(series, 150, now_ms - 60_000)
    cloudwatch = listening.client("cloudwatch")
    (metric,) = cloudwatch.list_metrics(Namespace=series.namespace)["Metrics"]
    assert metric["MetricName"] == series.name
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    answer = cloudwatch.get_metric_statistics(
        Namespace=series.namespace,
        MetricName=series.name,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Average"],
    )
    averages = [point["Average"] for point in sorted(answer["Datapoints"], key=lambda p: p["Timestamp"])]
    assert averages[:4] == [50.0] * 4
    assert averages[-1] == 150.0


def test_auto_scaling_groups_are_read_beside_moto(listening: FrontDoor, heard: list[str]) -> None:
    """By name or ARN: the limits and what the owner wants; there is none where nobody made one."""
    groups = AutoScalingGroups(listening.context.settings)
    assert groups.size("workers") is None
    listening.client("ec2").create_launch_template(
        LaunchTemplateName="t", LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}
    )
    autoscaling = listening.client("autoscaling")
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="workers",
        MinSize=1,
        MaxSize=4,
        DesiredCapacity=2,
        AvailabilityZones=["us-east-1a"],
        LaunchTemplate={"LaunchTemplateName": "t"},
    )
    arn = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["AutoScalingGroupARN"]
    assert groups.size(arn) == groups.size("workers") == GroupSize(minimum=1, maximum=4, desired=2)
    autoscaling.set_desired_capacity(AutoScalingGroupName="workers", DesiredCapacity=3)
    assert groups.size(arn) == GroupSize(minimum=1, maximum=4, desired=3)
    assert heard.count("autoscaling") == 2


@pytest.mark.parametrize(
    ("headers", "path", "form", "changes"),
    [
        ({b"x-amz-target": b"GraniteServiceVersion20100801.SetAlarmState"}, "/", b"{}", True),
        ({b"x-amz-target": b"GraniteServiceVersion20100801.DescribeAlarms"}, "/", b"{}", False),
        ({}, "/", b"Action=PutMetricData&Version=2010-08-01", True),
        ({}, "/", b"Version=2010-08-01&Action=GetMetricData", False),
        ({}, "/service/GraniteServiceVersion20100801/operation/PutMetricAlarm", b"\xbf", True),
        ({}, "/service/GraniteServiceVersion20100801/operation/ListMetrics", b"\xbf", False),
    ],
)
def test_every_wire_form_tells_its_operation(
    headers: dict[bytes, bytes], path: str, form: bytes, changes: bool
) -> None:
    """JSON, query and CBOR clients name operations in places of their own."""
    assert may_change(headers, path, form) is changes
