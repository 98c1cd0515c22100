"""One load balancer run by hand, as reconcile would run it, and what its tests wait for."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import msgspec

from shipway.load_balancer.edge import LoadBalancerEdge
from shipway.load_balancer.state import LoadBalancerState
from shipway.load_balancer.target_health import TargetDrained, TargetHealthChanged, plan_target_health
from shipway.model.listener import Listener
from shipway.model.target import Target, deregistering
from shipway.model.target_group import TargetGroup
from tests.load_balancer.builders import a_listener, a_load_balancer, to_groups
from tests.load_balancer.servers import DEADLINE_S, TargetServer, fetch, until

QUICK: dict[str, Any] = {"health_check_interval_s": 1, "health_check_timeout_s": 1, "healthy_threshold": 2}


class Fleet:
    """One load balancer as reconcile would run it: plan the health, apply, wait for a change."""

    def __init__(self, edge: LoadBalancerEdge, group: TargetGroup, port: int) -> None:
        self.edge = edge
        self.group = group
        self.now_ms = 0
        web = a_load_balancer()
        self.state = LoadBalancerState(
            load_balancers=(web,),
            listeners=(a_listener(web, to_groups((group, 1)), port=port),),
            target_groups=(group,),
        )

    def put(self, *targets: Target) -> None:
        kept = {target.key: target for target in (*self.state.targets, *targets)}
        self.state = msgspec.structs.replace(self.state, targets=tuple(kept[key] for key in sorted(kept)))
        self.edge.apply(self.state)

    def deregister(self, server: TargetServer) -> None:
        self.put(deregistering(self.target(server), self.group.deregistration_delay_s * 1000, self.now_ms))

    def target(self, server: TargetServer) -> Target:
        return next(target for target in self.state.targets if target.address_port == server.port)

    async def look(self) -> None:
        plan = plan_target_health(self.state, await self.edge.readings(), self.now_ms)
        gone = {change.target.key for change in plan.changes if isinstance(change, TargetDrained)}
        after = {c.target.key: c.target for c in plan.changes if isinstance(c, TargetHealthChanged)}
        targets = [after.get(t.key, t) for t in self.state.targets if t.key not in gone]
        self.state = msgspec.structs.replace(self.state, targets=tuple(targets))
        self.edge.apply(self.state)

    async def until_states(self, wanted: dict[TargetServer, str | None]) -> None:
        """Looks whenever something changed, until the servers' targets are in these states (None: gone)."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                await self.look()
                states = {target.address_port: target.state for target in self.state.targets}
                if all(states.get(server.port) == state for server, state in wanted.items()):
                    return
                try:
                    await asyncio.wait_for(self.edge.wait_for_change(), 0.2)
                except TimeoutError:
                    self.now_ms += 200


async def until_envoy_drains(fleet: Fleet, server: TargetServer) -> None:
    key = (fleet.group.target_group_arn, "127.0.0.1", server.port)

    async def drains() -> bool:
        return (await fleet.edge.readings())[key].draining

    await until("the target drains in Envoy", drains)


async def fifty_more(counts: Counter[tuple[int, str]]) -> None:
    enough = counts.total() + 50

    async def answered() -> bool:
        return counts.total() >= enough

    await until("fifty more answers", answered)


async def until_answered(port: int, status: int, path: str = "/", name: str | None = None) -> str:
    bodies: list[str] = []

    async def answered() -> bool:
        answer = await fetch(port, path, name)
        bodies.append(answer[1])
        return answer[0] == status

    await until(f"status {status} on port {port}", answered)
    return bodies[-1]


async def until_checked(server: TargetServer) -> None:
    async def checked() -> bool:
        return server.checks > 0

    await until(f"a check of {server.name}", checked)


def port_of(fleet: Fleet) -> int:
    return bound(fleet.state.listeners[0])


def bound(listener: Listener) -> int:
    assert listener.bound_port is not None
    return listener.bound_port
