"""CloudWatch's alarms, kept by moto and read beside it: who watches a deployment hears of every change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipway.api.elsewhere import may_change
from shipway.api.monitoring import Monitoring
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
