"""The real Envoy with small servers behind it: who gets requests, who does not, and what survives."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from shipway.load_balancer.configuration_files import ConfigurationFiles
from shipway.load_balancer.edge import ACCESS_LOG_BYTES_MAX, LoadBalancerEdge
from shipway.load_balancer.envoy import EnvoyError, EnvoyProcess
from shipway.load_balancer.render import render
from shipway.load_balancer.state import LoadBalancerState
from shipway.model.listener_action import FixedResponse, Redirect
from shipway.model.rule import RuleCondition
from shipway.model.target import DRAINING, HEALTHY, INITIAL, UNHEALTHY
from tests.load_balancer.builders import (
    a_listener,
    a_load_balancer,
    a_rule,
    a_target,
    a_target_group,
    to_groups,
)
from tests.load_balancer.fleet import (
    QUICK,
    Fleet,
    bound,
    fifty_more,
    port_of,
    until_answered,
    until_checked,
    until_envoy_drains,
)
from tests.load_balancer.servers import DEADLINE_S, TargetServer, fetch, free_port, load, until


async def test_only_healthy_targets_get_requests(edge: LoadBalancerEdge) -> None:
    """A target whose check fails is unhealthy with the code it answered, and gets no request."""
    async with TargetServer("good") as good, TargetServer("bad", status=503) as bad:
        fleet = Fleet(edge, a_target_group(**QUICK, unhealthy_threshold=2), free_port())
        fleet.put(a_target(fleet.group, good.port), a_target(fleet.group, bad.port))
        await fleet.until_states({good: HEALTHY, bad: UNHEALTHY})
        answers = {await fetch(port_of(fleet)) for _ in range(20)}
        assert answers == {(200, "good")}
        assert bad.requests == 0
        assert fleet.target(bad).reason == "Target.ResponseCodeMismatch"
        assert fleet.target(bad).description == "Health checks failed with these codes: [503]"


async def test_a_check_has_all_of_its_timeout_to_be_answered(edge: LoadBalancerEdge) -> None:
    """A slow answer within it is one; what never answers is told as a timeout, not as refused."""
    slow_one, mute_one = TargetServer("slow", check_takes_s=1.4), TargetServer("mute", check_takes_s=60)
    async with slow_one as slow, mute_one as mute:
        quick = {**QUICK, "health_check_interval_s": 3, "health_check_timeout_s": 2}
        fleet = Fleet(edge, a_target_group(**quick, unhealthy_threshold=2), free_port())
        fleet.put(a_target(fleet.group, slow.port), a_target(fleet.group, mute.port))
        await fleet.until_states({slow: HEALTHY, mute: UNHEALTHY})
        assert fleet.target(mute).reason == "Target.Timeout"


async def test_a_new_target_gets_nothing_before_its_first_passed_check(edge: LoadBalancerEdge) -> None:
    """Beside a healthy one it stays initial while its check fails, and is in service soon after it passes."""
    async with TargetServer("old") as old, TargetServer("new", status=500) as new:
        fleet = Fleet(edge, a_target_group(**QUICK, unhealthy_threshold=10), free_port())
        fleet.put(a_target(fleet.group, old.port))
        await fleet.until_states({old: HEALTHY})
        async with load(port_of(fleet)) as counts:
            fleet.put(a_target(fleet.group, new.port))
            async with asyncio.timeout(DEADLINE_S):
                while new.checks < 3:
                    await edge.wait_for_change()
                    await fleet.look()
            assert fleet.target(new).state == INITIAL
            assert new.requests == 0
            new.status = 200
            await fleet.until_states({new: HEALTHY})
        assert {status for status, _ in counts} == {200}


async def test_replacing_targets_under_load_fails_no_request(edge: LoadBalancerEdge) -> None:
    """The steps of a rolling update, with the old server closed as soon as its target is drained."""
    async with TargetServer("one") as one, TargetServer("two") as two:
        fleet = Fleet(edge, a_target_group(**QUICK), free_port())
        fleet.put(a_target(fleet.group, one.port))
        await fleet.until_states({one: HEALTHY})
        async with load(port_of(fleet), rate_per_s=100) as counts:
            fleet.put(a_target(fleet.group, two.port))
            await fleet.until_states({two: HEALTHY})
            fleet.deregister(one)
            await fleet.until_states({one: None})
            await one.close()
            await fifty_more(counts)
        assert {status for status, _ in counts} == {200}
        assert counts[200, "two"] > 50


async def test_a_draining_target_finishes_what_it_has(edge: LoadBalancerEdge) -> None:
    """It gets no new request, stays while one is in flight, and is gone when that one has ended."""
    async with TargetServer("one") as one, TargetServer("two") as two:
        fleet = Fleet(edge, a_target_group(**QUICK), free_port())
        fleet.put(a_target(fleet.group, one.port))
        await fleet.until_states({one: HEALTHY})
        slow = asyncio.create_task(fetch(port_of(fleet), "/slow"))
        await asyncio.wait_for(one.slow_started.wait(), DEADLINE_S)
        fleet.put(a_target(fleet.group, two.port))
        await fleet.until_states({two: HEALTHY})
        fleet.deregister(one)
        await until_envoy_drains(fleet, one)
        fleet.now_ms += 60_000
        await fleet.look()
        assert fleet.target(one).state == DRAINING
        assert {await fetch(port_of(fleet)) for _ in range(10)} == {(200, "two")}
        one.go_on.set()
        assert await slow == (200, "one")
        await fleet.until_states({one: None})


async def test_a_target_that_refuses_is_passed_over(edge: LoadBalancerEdge) -> None:
    """A server that died a moment ago costs no request: the next target answers."""
    async with TargetServer("one") as one, TargetServer("two") as two:
        slow_check = {**QUICK, "health_check_interval_s": 30}
        fleet = Fleet(edge, a_target_group(**slow_check), free_port())
        fleet.put(a_target(fleet.group, one.port), a_target(fleet.group, two.port))
        await fleet.until_states({one: HEALTHY, two: HEALTHY})
        await one.close()
        assert {await fetch(port_of(fleet)) for _ in range(20)} == {(200, "two")}


async def test_with_no_healthy_target_requests_go_to_all(edge: LoadBalancerEdge) -> None:
    """As an Application Load Balancer does: it fails open."""
    async with TargetServer("sick", status=500) as sick:
        fleet = Fleet(edge, a_target_group(**QUICK, unhealthy_threshold=2), free_port())
        fleet.put(a_target(fleet.group, sick.port))
        await fleet.until_states({sick: UNHEALTHY})
        assert await fetch(port_of(fleet)) == (200, "sick")


async def test_without_targets_the_answer_is_503_and_a_dead_one_gives_502(edge: LoadBalancerEdge) -> None:
    """The codes of an Application Load Balancer."""
    fleet = Fleet(edge, a_target_group(**QUICK, unhealthy_threshold=2), free_port())
    edge.apply(fleet.state)
    await until_answered(port_of(fleet), 503)
    async with TargetServer("gone") as gone:
        fleet.put(a_target(fleet.group, gone.port))
        await fleet.until_states({gone: HEALTHY})
    await until_answered(port_of(fleet), 502)


async def test_two_load_balancers_share_a_port_by_name(edge: LoadBalancerEdge) -> None:
    """Each answers to its own name; a name that is neither's is told which there are."""
    port = free_port()
    one, two = a_load_balancer("one"), a_load_balancer("two")
    listeners = tuple(
        a_listener(each, FixedResponse(status_code=200, body=each.name), port=port) for each in (one, two)
    )
    edge.apply(LoadBalancerState(load_balancers=(one, two), listeners=listeners))
    assert await until_answered(port, 200, name="one.elb.localhost") == "one"
    assert await fetch(port, name=f"TWO.elb.localhost:{port}") == (200, "two")
    status, text = await fetch(port)
    assert status == 404
    assert "one.elb.localhost, two.elb.localhost" in text
    edge.apply(LoadBalancerState(load_balancers=(one,), listeners=listeners))
    assert await until_answered(port, 200) == "one"


async def test_weights_divide_the_requests(edge: LoadBalancerEdge) -> None:
    """Roughly 3 to 1; a weight of zero gets nothing, and changing it closes no connection."""
    async with TargetServer("blue") as blue, TargetServer("green") as green:
        groups = (a_target_group("blue", **QUICK), a_target_group("green", **QUICK))
        web = a_load_balancer()
        port = free_port()

        def weighted(blue_weight: int, green_weight: int) -> LoadBalancerState:
            action = to_groups((groups[0], blue_weight), (groups[1], green_weight))
            return LoadBalancerState(
                load_balancers=(web,),
                listeners=(a_listener(web, action, port=port),),
                target_groups=groups,
                targets=(a_target(groups[0], blue.port), a_target(groups[1], green.port)),
            )

        edge.apply(weighted(75, 25))
        await until_answered(port, 200)
        await asyncio.gather(until_checked(blue), until_checked(green))
        counts = Counter([(await fetch(port))[1] for _ in range(400)])
        assert 240 < counts["blue"] < 360, counts
        edge.apply(weighted(0, 100))
        async with load(port) as seen:
            await fifty_more(seen)
        assert {status for status, _ in seen} == {200}
        assert [await fetch(port) for _ in range(10)] == [(200, "green")] * 10


async def test_rules_are_tried_by_priority(edge: LoadBalancerEdge) -> None:
    """Paths, names, methods, headers and query strings; the default action takes the rest."""
    web = a_load_balancer()
    listener = a_listener(web, FixedResponse(status_code=404, body="default"), port=free_port())

    def rule(priority: int, body: str, **condition: object) -> object:
        conditions = (RuleCondition(**condition),)  # type: ignore[arg-type]
        action = FixedResponse(status_code=200, body=body)
        return a_rule(listener, priority, conditions=conditions, action=action)

    home = Redirect(status_code=302, path="/new/#{path}", port="8443")
    moved = a_rule(
        listener, 9, conditions=(RuleCondition(field="path-pattern", values=("/old*",)),), action=home
    )
    rules = (
        rule(5, "api", field="path-pattern", values=("/api/*", "/v?/*")),
        rule(4, "exact", field="path-pattern", values=("/api/exact",)),
        rule(6, "named", field="host-header", values=("*.example.com",)),
        rule(7, "query", field="query-string", query_pairs=(("v", "2*"),)),
        moved,
    )
    state = LoadBalancerState(load_balancers=(web,), listeners=(listener,), rules=rules)  # type: ignore[arg-type]
    edge.apply(state)
    port = listener.port
    await until_answered(port, 404)
    assert await fetch(port, "/api/things?x=1") == (200, "api")
    assert await fetch(port, "/v2/things") == (200, "api")
    assert await fetch(port, "/api/exact") == (200, "exact")
    assert await fetch(port, "/", "shop.example.com:81") == (200, "named")
    assert await fetch(port, "/x?a=1&v=21") == (200, "query")
    assert await fetch(port, "/x?a=1&v=12") == (404, "default")
    assert (await fetch(port, "/old/page"))[0] == 302


async def test_requests_say_where_they_came_from(edge: LoadBalancerEdge) -> None:
    """X-Forwarded-For, -Proto and -Port as an Application Load Balancer sets them; the request is logged."""
    async with TargetServer("one") as one:
        fleet = Fleet(edge, a_target_group(**QUICK), free_port())
        fleet.put(a_target(fleet.group, one.port))
        await fleet.until_states({one: HEALTHY})
        await fetch(port_of(fleet), "/page?x=1", "web.elb.localhost")
    assert one.headers["X-Forwarded-For"] == "127.0.0.1"
    assert one.headers["X-Forwarded-Proto"] == "http"
    assert one.headers["X-Forwarded-Port"] == str(port_of(fleet))
    assert one.headers["Host"] == "web.elb.localhost"
    assert not [name for name in one.headers if name.lower().startswith("x-envoy")]
    log = fleet.edge.folder / "access.log"

    async def logged() -> bool:
        return '"GET http://web.elb.localhost/page?x=1 HTTP/1.1"' in log.read_text()

    await until("the request is in the access log", logged)  # a thread of Envoy's writes it, in its own time


async def test_a_target_that_breaks_off_costs_its_request(edge: LoadBalancerEdge) -> None:
    """It had the request already, so nobody else is asked: 502, as an Application Load Balancer says."""
    async with TargetServer("one") as one:
        fleet = Fleet(edge, a_target_group(**QUICK), free_port())
        fleet.put(a_target(fleet.group, one.port))
        await fleet.until_states({one: HEALTHY})
        slow = asyncio.create_task(fetch(port_of(fleet), "/slow"))
        await asyncio.wait_for(one.slow_started.wait(), DEADLINE_S)
        await one.close()
        assert (await slow)[0] == 502


async def test_the_access_log_does_not_grow_for_ever(edge: LoadBalancerEdge) -> None:
    """A long one is put aside, and Envoy goes on in a new one."""
    web = a_load_balancer()
    listener = a_listener(web, FixedResponse(status_code=200, body="here"), port=free_port())
    edge.apply(LoadBalancerState(load_balancers=(web,), listeners=(listener,)))
    await until_answered(bound(listener), 200)
    path = edge.folder / "access.log"
    os.truncate(path, ACCESS_LOG_BYTES_MAX + 1)
    await edge.readings()
    assert path.with_suffix(".log.1").stat().st_size > ACCESS_LOG_BYTES_MAX

    async def logged() -> bool:
        await fetch(bound(listener), "/after")
        return path.exists() and "/after" in path.read_text()

    await until("a request in the new access log", logged)


async def test_an_envoy_that_dies_is_replaced(edge: LoadBalancerEdge) -> None:
    """It comes back with the configuration it had."""
    web = a_load_balancer()
    listener = a_listener(web, FixedResponse(status_code=200, body="here"), port=free_port())
    edge.apply(LoadBalancerState(load_balancers=(web,), listeners=(listener,)))
    await until_answered(listener.port, 200)
    await edge.envoy.admin.text("/quitquitquit", method="POST")

    async def restarted() -> bool:
        return edge.envoy.restarts == 1

    await until("a second Envoy", restarted)
    assert await until_answered(listener.port, 200) == "here"


CONTROL_PLANE = """
import asyncio, sys
from pathlib import Path
from typing import Any
from shipway.load_balancer.edge import ACCESS_LOG_BYTES_MAX, LoadBalancerEdge

async def main():
    await LoadBalancerEdge(Path(sys.argv[1])).start()
    print("started", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_an_envoy_outlives_its_control_plane(tmp_path: Path) -> None:
    """After kill -9, who starts on the same folder next takes it over, and nobody is refused meanwhile."""
    web = a_load_balancer()
    listener = a_listener(web, FixedResponse(status_code=200, body="here"), port=free_port())
    state = LoadBalancerState(load_balancers=(web,), listeners=(listener,))
    first = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CONTROL_PLANE, str(tmp_path)), stdout=asyncio.subprocess.PIPE
    )
    second = LoadBalancerEdge(tmp_path)
    try:
        assert first.stdout is not None
        assert await first.stdout.readline() == b"started\n"
        files = ConfigurationFiles(tmp_path)
        files.apply(render(state, str(tmp_path)))
        await until_answered(bound(listener), 200)
        async with load(bound(listener)) as counts:
            first.kill()
            await first.wait()
            await second.start()
            second.apply(state)
            await fifty_more(counts)
        assert set(counts) == {(200, "here")}
        assert second.plan_ports(state) == ()
        assert second.envoy.restarts == 0
    finally:
        await second.stop()
    assert (await fetch(bound(listener)))[0] == 0


async def test_a_port_that_is_taken_gives_way(edge: LoadBalancerEdge) -> None:
    """The next free port is opened instead, and kept."""
    async with TargetServer("squatter") as squatter:
        web = a_load_balancer()
        listener = a_listener(
            web, FixedResponse(status_code=200, body="here"), squatter.port, bound_port=None
        )
        state = LoadBalancerState(load_balancers=(web,), listeners=(listener,))
        (choice,) = edge.plan_ports(state)
        assert choice.listener.bound_port is not None
        assert choice.listener.bound_port > squatter.port
        assert f"port {choice.listener.bound_port} is open instead" in choice.reason
        state = msgspec.structs.replace(state, listeners=(choice.listener,))
        edge.apply(state)
        assert await until_answered(choice.listener.bound_port, 200) == "here"
        assert edge.plan_ports(state) == ()


async def test_a_start_that_fails_says_why(tmp_path: Path) -> None:
    """One sentence with the program's own last words, and nothing left running."""
    program = tmp_path / "envoy"
    program.write_text("#!/bin/sh\necho out of luck\nexit 1\n")
    program.chmod(0o700)
    envoy = EnvoyProcess(tmp_path, program)
    with pytest.raises(EnvoyError, match=r"did not start.*out of luck"):
        await envoy.start()
    await envoy.stop()
