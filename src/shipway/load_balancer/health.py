"""Health read back: Envoy's event log is the wake-up, its admin interface tells the truth.

Envoy writes a line for each failed check and each change of health into a FIFO, which costs nothing while
nothing happens. The state itself is read from `/clusters?format=json`; from the events only the cause of a
failure is kept, because the admin interface does not tell it.
"""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from typing import Any

import msgspec

from shipway.load_balancer.target_health import HealthReading, ReadingKey
from shipway.model.target import HEALTHY, INITIAL, UNHEALTHY

READ_BYTES = 65_536
LINE_BYTES_MAX = 65_536
CAUSES_MAX = 10_000

EndpointKey = tuple[str, str, int]  # Envoy cluster, address, port


class Cause(msgspec.Struct, frozen=True):
    """Why a check failed: an ELB reason code and its text."""

    reason: str
    description: str


FAILED = Cause("Target.FailedHealthChecks", "Health checks failed")
TIMED_OUT = Cause("Target.Timeout", "Request timed out")


def cause_of(event: dict[str, Any]) -> tuple[EndpointKey, Cause] | None:
    """The endpoint and cause that a line of the event log tells of; None when it is not about a failure."""
    failure = event.get("health_check_failure_event") or event.get("eject_unhealthy_event")
    address = event.get("host", {}).get("socket_address", {})
    if not failure or not address:
        return None
    code = failure.get("http_status_code", 0)
    cause = FAILED
    if failure.get("failure_type") == "NETWORK_TIMEOUT":
        cause = TIMED_OUT
    elif code:
        cause = Cause("Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{code}]")
    return (event.get("cluster_name", ""), address.get("address", ""), address.get("port_value", 0)), cause


class HealthEvents:
    """The FIFO that Envoy writes to. `changed` is set whenever something was written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None
        self._rest = b""
        self.changed = asyncio.Event()
        self.causes: dict[EndpointKey, Cause] = {}

    def open(self) -> None:
        if self._path.exists() and not stat.S_ISFIFO(self._path.stat().st_mode):
            self._path.unlink()
        if not self._path.exists():
            os.mkfifo(self._path, 0o600)
        # Read and write: a FIFO that only one side has open would report an end whenever Envoy stops.
        self._fd = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._fd, self._readable)

    def close(self) -> None:
        if self._fd is not None:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = None

    def _readable(self) -> None:
        assert self._fd is not None
        try:
            chunk = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._rest = self._rest[-LINE_BYTES_MAX:]
        for line in lines:
            self._note(line)
        self.changed.set()

    def _note(self, line: bytes) -> None:
        try:
            event = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError:
            return  # a line cut in two by a restart: the admin interface knows the state all the same
        found = cause_of(event)
        if found is not None:
            if len(self.causes) >= CAUSES_MAX:
                self.causes.clear()
            self.causes[found[0]] = found[1]


def readings_from(
    clusters: dict[str, Any], arns: dict[str, str], causes: dict[EndpointKey, Cause]
) -> dict[ReadingKey, HealthReading]:
    """Readings from the admin interface's `/clusters`, for the Envoy clusters whose target group is known."""
    readings = {}
    for cluster in clusters.get("cluster_statuses", []):
        arn = arns.get(cluster["name"])
        for status in cluster.get("host_statuses", []) if arn else []:
            address = status["address"]["socket_address"]
            endpoint = (address["address"], address["port_value"])
            cause = causes.get((cluster["name"], *endpoint), FAILED)
            readings[(str(arn), *endpoint)] = reading_of(status, cause)
    return readings


def reading_of(status: dict[str, Any], cause: Cause) -> HealthReading:
    health = status.get("health_status", {})
    gauges = {stat["name"]: int(stat.get("value", 0)) for stat in status.get("stats", [])}
    state, reason, description = HEALTHY, "", ""
    if health.get("pending_active_hc"):
        state = INITIAL
    elif health.get("failed_active_health_check"):
        state, reason, description = UNHEALTHY, cause.reason, cause.description
    return HealthReading(
        state=state,
        reason=reason,
        description=description,
        draining=health.get("eds_health_status") == "DRAINING",
        requests_active=gauges.get("rq_active", 0),
        requests_total=gauges.get("rq_total", 0),
    )
