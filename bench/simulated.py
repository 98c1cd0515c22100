"""`shipway.testing`: an empty ECS for a test, and a task in it. No local ECS, no containers."""

from __future__ import annotations

import time

from bench.measure import Figure, median
from shipway.testing import local_ecs

TIMES = 20
READY_MS_MAX, RUNNING_MS_MAX = 50, 20


def measure() -> list[Figure]:
    ready_ms, running_ms = [], []
    once()  # reads the service models, as the first test of a process does
    for _ in range(TIMES):
        ready, running = once()
        ready_ms.append(ready)
        running_ms.append(running)
    return [
        figure(f"local_ecs() ready and empty, median of {TIMES}", ready_ms, READY_MS_MAX),
        figure(f"in it, RunTask to RUNNING, median of {TIMES}", running_ms, RUNNING_MS_MAX),
    ]


def once() -> tuple[float, float]:
    """How long until one answers, and until a task in it runs."""
    started = time.perf_counter()
    with local_ecs() as ecs:
        ready_ms = (time.perf_counter() - started) * 1000
        client = ecs.client("ecs")
        container = {"name": "web", "image": "shop/web", "memory": 128}
        client.register_task_definition(family="web", containerDefinitions=[container])
        asked = time.perf_counter()
        (task,) = client.run_task(taskDefinition="web")["tasks"]
        while client.describe_tasks(tasks=[task["taskArn"]])["tasks"][0]["lastStatus"] != "RUNNING":
            pass  # each look is a call, and a call returns when all that is due has happened
        running_ms = (time.perf_counter() - asked) * 1000
        client.close()
    return ready_ms, running_ms


def figure(what: str, ours_ms: list[float], bound_ms: int) -> Figure:
    ours = median(ours_ms)
    slowest = f"slowest {max(ours_ms):.0f} ms"
    return Figure(what, f"{ours:.1f} ms", slowest, "-", f"under {bound_ms} ms", ours < bound_ms)
