"""What a large cluster costs: 5,000 container instances and 100,000 tasks in one process, no containers."""

from __future__ import annotations

import asyncio
import math
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from bench.large_cluster import (
    CLUSTER,
    SPREAD_THEN_PACK,
    LargeCluster,
    a_service,
    birth_of,
    ended,
)
from bench.measure import Figure, median
from shipway.api.call import Call, Settings
from shipway.api.dispatch import handler_of
from shipway.api.shapes import service_shapes
from shipway.load_balancer.ports import PortChoice
from shipway.load_balancer.state import LoadBalancerState
from shipway.load_balancer.target_health import HealthReading, ReadingKey
from shipway.model.service import Service
from shipway.model.task import Task
from shipway.reconcile.reconciler import Reconciler
from shipway.reconcile.services import ServicesTurn, service_snapshot
from shipway.scheduler.birth import wanted_by
from shipway.scheduler.ground import Ground
from shipway.scheduler.placement import chance_of
from shipway.scheduler.services import decide_service
from shipway.store import Change
from shipway.store.fleet import fleet_of

INSTANCES, SERVICES, TASKS_EACH, ZONE = 5_000, 1_000, 100, 1_600
GROWTH = (50, 500, 5_000, 50_000)
REPORTS = 60


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="shipway-scale-") as folder:
        started = time.perf_counter()
        cluster = LargeCluster(Path(folder) / "state.db", INSTANCES, ZONE, SERVICES, TASKS_EACH)
        print(f"{SERVICES * TASKS_EACH:,} tasks written in {time.perf_counter() - started:.1f} s", flush=True)
        figures = [
            idle_pass(cluster),
            waiting_pass(cluster),
            decision_latency(cluster),
            large_placement(cluster),
            dead_zone(cluster),
        ]
        figures.append(memory())
        cluster.store.close()
    return figures + growth()


def figure(what: str, measured: float, unit: str, bound: float, beside: str = "") -> Figure:
    return Figure(
        what, f"{measured:,.2f} {unit}", beside or "-", "-", f"under {bound:g} {unit}", measured < bound
    )


def idle_pass(cluster: LargeCluster) -> Figure:
    """A service's snapshot and plan, nothing to change."""
    took = []
    for service in cluster.store.state.all(Service)[:200]:
        started = time.perf_counter()
        plan = decide_service(service_snapshot(cluster.around, service.service_arn), cluster.ids)
        took.append((time.perf_counter() - started) * 1000)
        assert not plan.actions, plan.text()
    return figure("a service's pass with nothing to do", median(took), "ms", 5, f"slowest {max(took):.1f} ms")


def decision_latency(cluster: LargeCluster) -> Figure:
    """From SubmitTaskStateChange to the commit of the plan that replaces the task, loops running."""
    took = asyncio.run(decisions(cluster))
    return figure(
        f"a task's end reported until its replacement is committed, {SERVICES:,} services",
        median(took),
        "ms",
        5,
        f"slowest of {REPORTS}: {max(took):.1f} ms",
    )


def waiting_pass(cluster: LargeCluster) -> Figure:
    """A service that asks for more than there is: its pass after each time that a task ended somewhere."""
    service, revision, definition = a_service("waiting", 1, cluster.clock.now_ms())
    body = {**definition.body, "memory": "1000000"}
    cluster.put((replace(definition, body=body), revision, service))
    took = []
    for task in cluster.store.state.all(Task)[:20]:
        started = time.perf_counter()
        plan = decide_service(service_snapshot(cluster.around, service.service_arn), cluster.ids)
        took.append((time.perf_counter() - started) * 1000)
        assert plan.watches_fleet
        cluster.put([ended(task, cluster.clock.now_ms())])
    cluster.put([replace(service, status="INACTIVE")])
    what = "a pass of a service that waits for room, after a change of the fleet"
    return figure(what, median(took), "ms", 5, f"first {took[0]:.1f} ms")


async def decisions(cluster: LargeCluster) -> list[float]:
    loops = Reconciler(cluster.around, NoEdge())
    births: list[asyncio.Future[None]] = []

    def hear(changes: tuple[Change, ...]) -> None:
        if births and any(change.kind is Task and change.before is None for change in changes):
            births.pop().set_result(None)

    stop_hearing = cluster.store.subscribe(hear)
    await loops.start()
    await rest(loops)
    took = []
    for number in range(REPORTS):
        service = cluster.store.state.all(Service)[number * (SERVICES // REPORTS)]
        task = next(t for t in cluster.store.state.by(Task, "service_arn", service.service_arn) if t.running)
        born = asyncio.get_running_loop().create_future()
        births.append(born)
        started = time.perf_counter()
        submit(cluster, task)
        await asyncio.wait_for(born, 30)
        took.append((time.perf_counter() - started) * 1000)
        await rest(loops)
    await loops.stop()
    stop_hearing()
    return took


def submit(cluster: LargeCluster, task: Task) -> None:
    operation = service_shapes("ecs").operation("SubmitTaskStateChange")
    handler = handler_of("ecs", "submit_task_state_change")
    assert operation is not None and handler is not None
    nothing: Any = None
    call = Call(cluster.store, cluster.clock, cluster.ids, Settings(), "", nothing, nothing)
    body = f'{{"cluster":"{CLUSTER}","task":"{task.task_arn}","status":"STOPPED","reason":"exited"}}'
    handler(call, operation.decoder.decode(body.encode()))


class NoEdge:
    """There is no load balancer in this cluster."""

    def plan_ports(self, state: LoadBalancerState) -> tuple[PortChoice, ...]:
        return ()

    def apply(self, state: LoadBalancerState) -> None:
        return

    async def wait_for_change(self) -> None:
        await asyncio.get_running_loop().create_future()

    async def readings(self) -> Mapping[ReadingKey, HealthReading]:
        return {}


async def rest(loops: Reconciler) -> None:
    """Until every loop has made its first pass, and none makes another for a while."""
    before: list[int] = []
    while 0 in (now := [status.passes for status in loops.statuses()]) or before != now:
        before = now
        await asyncio.sleep(0.05)


def large_placement(cluster: LargeCluster) -> Figure:
    """One service with 5,000 tasks to start: snapshot, plan, commit."""
    service, revision, definition = a_service("packed", 5_000, cluster.clock.now_ms(), SPREAD_THEN_PACK)
    cluster.put((definition, revision, service))
    started = time.perf_counter()
    plan = decide_service(service_snapshot(cluster.around, service.service_arn), cluster.ids)
    planned = time.perf_counter() - started
    cluster.around.commit(plan)
    took = time.perf_counter() - started
    assert cluster.store.state.count_by(Task, "service_arn", service.service_arn) == 5_000
    what = "5,000 tasks placed, spread over zones then packed by memory"
    return figure(what, took, "s", 2, f"{planned:.2f} s until planned")


def dead_zone(cluster: LargeCluster) -> Figure:
    """The services loop's pass after 1,600 instances and their tasks are gone."""
    now_ms = cluster.clock.now_ms()
    dead = cluster.instances[:ZONE]
    lost = [task for task in cluster.tasks_on(dead) if not task.stopped]
    turn = ServicesTurn(cluster.around)
    cluster.store.subscribe(lambda changes: turn.hear(changes) and None)
    cluster.put([replace(instance, status="INACTIVE", agent_connected=False) for instance in dead])
    cluster.put([ended(task, now_ms) for task in lost])
    started = time.perf_counter()
    result = asyncio.run(one_pass(turn))
    took = time.perf_counter() - started
    what = f"the pass after a zone of {ZONE:,} instances died ({len(lost):,} tasks)"
    return figure(what, took, "s", 5, f"{result:,} actions")


async def one_pass(turn: ServicesTurn) -> int:
    result = await turn()
    assert result.failure is None, result
    return result.actions


def memory() -> Figure:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return figure("memory of the process", int(line.split()[1]) / 2**20, "GiB", 1.5)
    raise RuntimeError("/proc/self/status tells no memory")


def growth() -> list[Figure]:
    """As many tasks placed as there are instances: the cost of one, by the number of instances."""
    costs = {instances: cost_us(instances) for instances in GROWTH}
    first = GROWTH[0]
    figures = []
    for instances, cost in costs.items():
        allowed = math.log(instances) / math.log(first)
        ratio = cost / costs[first]
        figures.append(
            Figure(
                f"one of {instances:,} tasks placed on {instances:,} instances",
                f"{cost:.1f} us",
                f"{costs[first]:.1f} us at {first}",
                f"{ratio:.2f} x",
                f"the logarithm's {allowed:.2f} x",
                ratio <= allowed,
            )
        )
    return figures


def cost_us(instances: int) -> float:
    """Median of several passes; the fleet has never been looked at before."""
    took = []
    for _ in range(max(1, min(20, 20_000 // instances))):
        cluster = LargeCluster(None, instances, instances // 3, 0, 0)
        service, revision, definition = a_service(
            "packed", instances, cluster.clock.now_ms(), SPREAD_THEN_PACK
        )
        fleet = fleet_of(cluster.store.state, CLUSTER)
        wanted, chance = wanted_by(birth_of(service, revision, definition)), chance_of(cluster.ids)
        started = time.perf_counter()
        ground = Ground(fleet)
        for _ in range(instances):
            assert ground.place(wanted, chance) is not None
        took.append((time.perf_counter() - started) / instances * 1e6)
    return median(took)
