"""What Envoy's event log and admin interface say, read as health."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shipway.load_balancer.health import FAILED, TIMED_OUT, Cause, HealthEvents, cause_of, readings_from
from shipway.load_balancer.target_health import HealthReading

ENDPOINT = ("web-1", "10.0.0.1", 80)


def failure(**members: Any) -> dict[str, Any]:
    """A line of the event log as Envoy 1.40 writes it, shortened."""
    return {
        "health_checker_type": "HTTP",
        "host": {"socket_address": {"address": "10.0.0.1", "port_value": 80}},
        "cluster_name": "web-1",
        "health_check_failure_event": {"first_check": True, **members},
    }


@pytest.mark.parametrize(
    ("members", "cause"),
    [
        ({"failure_type": "NETWORK", "http_status_code": 0}, FAILED),
        ({"failure_type": "NETWORK_TIMEOUT", "http_status_code": 0}, TIMED_OUT),
        (
            {"failure_type": "ACTIVE", "http_status_code": 503},
            Cause("Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"),
        ),
    ],
)
def test_a_failure_has_the_reason_that_elastic_load_balancing_gives(
    members: dict[str, Any], cause: Cause
) -> None:
    """Refused, timed out, or answered with the wrong code."""
    assert cause_of(failure(**members)) == (ENDPOINT, cause)


def test_an_event_of_no_failure_has_no_cause() -> None:
    """A target that became healthy, or a line of something else."""
    assert cause_of({"add_healthy_event": {}, "cluster_name": "web-1"}) is None
    assert cause_of({}) is None


def host_status(**members: Any) -> dict[str, Any]:
    return {
        "address": {"socket_address": {"address": "10.0.0.1", "port_value": 80}},
        "stats": [{"name": "rq_total", "value": "9"}, {"name": "rq_active", "type": "GAUGE", "value": "2"}],
        "health_status": members,
    }


@pytest.mark.parametrize(
    ("members", "reading"),
    [
        (
            {"eds_health_status": "HEALTHY"},
            HealthReading(state="healthy", requests_active=2, requests_total=9),
        ),
        (
            {"eds_health_status": "HEALTHY", "failed_active_health_check": True, "pending_active_hc": True},
            HealthReading(state="initial", requests_active=2, requests_total=9),
        ),
        (
            {"eds_health_status": "DRAINING"},
            HealthReading(state="healthy", draining=True, requests_active=2, requests_total=9),
        ),
        (
            {"failed_active_health_check": True},
            HealthReading(
                state="unhealthy",
                reason="Target.Timeout",
                description="Request timed out",
                requests_active=2,
                requests_total=9,
            ),
        ),
    ],
)
def test_the_admin_interface_is_read(members: dict[str, Any], reading: HealthReading) -> None:
    """State, draining and requests in flight; the cause comes from the events."""
    clusters = {"cluster_statuses": [{"name": "web-1", "host_statuses": [host_status(**members)]}]}
    assert readings_from(clusters, {"web-1": "arn:web"}, {ENDPOINT: TIMED_OUT}) == {
        ("arn:web", "10.0.0.1", 80): reading
    }


def test_clusters_that_are_no_target_groups_are_left_out() -> None:
    """The one for requests without targets, and groups that were deleted."""
    clusters = {
        "cluster_statuses": [{"name": "no-targets"}, {"name": "gone", "host_statuses": [host_status()]}]
    }
    assert readings_from(clusters, {}, {}) == {}


async def test_a_line_in_the_fifo_is_a_wake_up(tmp_path: Path) -> None:
    """Whole or in pieces; what is not JSON is passed over."""
    events = HealthEvents(tmp_path / "health-events")
    events.open()
    try:
        line = msgspec.json.encode(failure(failure_type="NETWORK_TIMEOUT"))
        fifo = tmp_path / "health-events"
        fifo.write_bytes(b"half a line\n" + line[:20])
        await asyncio.wait_for(events.changed.wait(), 5)
        events.changed.clear()
        assert events.causes == {}
        fifo.write_bytes(line[20:] + b"\n")
        await asyncio.wait_for(events.changed.wait(), 5)
        assert events.causes == {ENDPOINT: TIMED_OUT}
    finally:
        events.close()
