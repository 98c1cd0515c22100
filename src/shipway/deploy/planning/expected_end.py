"""When a deployment is likely to end, from the service deployments that ECS lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shipway.deploy.events import EndExpected
from shipway.deploy.planning.likely_time import likely_time
from shipway.deploy.planning.moments import stamp_ms

Members = dict[str, Any]


def expected_end(briefs: Iterable[Members]) -> EndExpected | None:
    """`briefs` are newest first (ECS ListServiceDeployments)."""
    times = tuple(
        (stamp_ms(brief["startedAt"]) / 1000, stamp_ms(brief["finishedAt"]) / 1000)
        for brief in briefs
        if brief.get("status") == "SUCCESSFUL" and brief.get("startedAt") and brief.get("finishedAt")
    )
    likely = likely_time(times, 0)
    return EndExpected(round(likely.usual_s * 1000), len(likely.earlier_s)) if likely.usual_s else None
