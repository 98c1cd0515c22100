"""The status as a person reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shipway.local.settings import SIMULATED
from shipway.local.status import LocalStatus

SIMULATED_ENGINE = "; simulated: its containers run no program, listeners are not opened"
NOT_RUNNING = "Local ECS is not running (data: {data}). Start it with `shipway local up`."


def render_status(status: LocalStatus, loops: bool = False) -> str:
    if not status.running:
        return NOT_RUNNING.format(data=status.data) + "\n"
    sections = [
        f"Local ECS runs at {status.endpoint_url} (region {status.region}, data {status.data})"
        + shortened(status.speed)
        + said_of(status.engine),
        render_urls(status),
        table(
            ("CLUSTER", "INSTANCE", "ZONE", "STATUS", "AGENT", "TASKS"),
            [
                (
                    i.cluster,
                    i.instance_id,
                    i.availability_zone,
                    i.status,
                    connection(i.connected),
                    i.running_tasks,
                )
                for i in status.instances
            ],
        ),
        table(
            ("CLUSTER", "SERVICE", "DESIRED", "RUNNING", "PENDING", "ROLLOUT"),
            [(s.cluster, s.service, s.desired, s.running, s.pending, s.rollout) for s in status.services],
        ),
        render_troubles([*status.parts, *status.agents]),
    ]
    if loops:
        sections.append(
            table(
                ("LOOP", "PASSES", "ACTIONS", "REFUSED", "TOOK", "ERROR"),
                [
                    (
                        p["loop"],
                        p["passes"],
                        p["actions"],
                        p["refused"],
                        f"{p['took_ms']} ms",
                        p["error"] or "",
                    )
                    for p in status.loops
                ],
            )
        )
    return "\n\n".join(section for section in sections if section) + "\n"


def shortened(speed: float) -> str:
    return "" if speed == 1 else f"; its waits are {speed:g} times shorter"


def said_of(engine: str) -> str:
    return SIMULATED_ENGINE if engine == SIMULATED else ""


def render_urls(status: LocalStatus) -> str:
    rows = [("AWS endpoint", status.endpoint_url)]
    rows += [("Image registry", f"http://{status.registry}")] if status.registry else []
    if status.engine != SIMULATED:
        rows += [(f"Load balancer {b.load_balancer}, port {b.port}", b.url) for b in status.load_balancers]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"  {name:<{width}}  {url}" for name, url in rows)


def render_troubles(parts: Sequence[dict[str, Any]]) -> str:
    """Parts that are not well, or were not; silence means that all is."""
    lines = []
    for part in parts:
        if part["state"] != "running":
            lines.append(f"  {part['part']}: {part['state']}. {part['last_words'] or ''}".rstrip())
        elif part["restarts"]:
            lines.append(
                f"  {part['part']}: started again {part['restarts']} times. {part['last_words'] or ''}"
            )
    return "\n".join(["Troubles:", *lines]) if lines else ""


def connection(connected: bool) -> str:
    return "connected" if connected else "disconnected"


def table(header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    if not rows:
        return ""
    texts = [header, *(tuple(str(cell) for cell in row) for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(header))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in texts)
    return "\n".join(line.rstrip() for line in lines)
