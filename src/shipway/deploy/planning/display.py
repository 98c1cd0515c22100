"""What a terminal shows below the lines while a deployment goes on: where it stands at this moment."""

from __future__ import annotations

from typing import Any

from shipway.deploy.planning.likely_time import spoken
from shipway.deploy.planning.references import short

Members = dict[str, Any]

BAR = 20


def bar(part: int, whole: int) -> str:
    full = BAR if whole <= 0 else min(BAR, part * BAR // whole)
    return "█" * full + "░" * (BAR - full)


def revision_lines(service: Members | None, target: str) -> tuple[str, ...]:
    """Each revision that has tasks or is to have some, the new one first."""
    rows = []
    for found in (service or {}).get("deployments") or ():
        name = short(str(found.get("taskDefinition")))
        running, pending = int(found.get("runningCount") or 0), int(found.get("pendingCount") or 0)
        desired, failed = int(found.get("desiredCount") or 0), int(found.get("failedTasks") or 0)
        if not (running or pending or desired):
            continue
        new = found.get("status") == "PRIMARY"
        counts = f"{running} of {desired} running" if new else f"{running} running"
        counts += f", {pending} starting" if pending else ""
        counts += f", {failed} failed" if failed else ""
        rows.append((not new, f"{bar(running, desired)}  {name}  {counts}"))
    return tuple(line for _, line in sorted(rows, key=lambda row: row[0]))


def time_line(passed_ms: int, usual_s: float | None) -> str:
    passed = f"{spoken(passed_ms / 1000)}"
    if usual_s is None:
        return passed
    left_s = usual_s - passed_ms / 1000
    rest = f"about {spoken(left_s)} more" if left_s > 0 else f"{spoken(-left_s)} longer than usual"
    return f"{passed} of usually {spoken(usual_s)}, {rest}"
