"""Rendered configuration, compared with golden text. `SHIPWAY_REWRITE_GOLDEN=1` writes the texts anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shipway.load_balancer.render import render, render_bootstrap
from shipway.load_balancer.render_clusters import health_check, target_group_cluster
from shipway.load_balancer.state import LoadBalancerState
from shipway.model.listener_action import FixedResponse, Redirect
from shipway.model.rule import RuleCondition
from shipway.model.snapshot import Timing
from shipway.model.target import DRAINING, HEALTHY, UNHEALTHY
from tests.load_balancer.builders import (
    a_listener,
    a_load_balancer,
    a_rule,
    a_target,
    a_target_group,
    to_groups,
)

GOLDEN = Path(__file__).parent / "golden"


def one_service() -> LoadBalancerState:
    """A healthy target, a new one, and one that drains, checked on a port of its own."""
    web = a_load_balancer()
    group = a_target_group(health_check_path="/up", health_check_port="9000", matcher="200-299,301")
    return LoadBalancerState(
        load_balancers=(web,),
        listeners=(a_listener(web, to_groups((group, 1))),),
        target_groups=(group, a_target_group("unused")),
        targets=(
            a_target(group, 8080, "10.0.0.1", state=HEALTHY),
            a_target(group, 8080, "10.0.0.2"),
            a_target(group, 8080, "10.0.0.3", state=DRAINING),
        ),
    )


def shared_port() -> LoadBalancerState:
    """Two load balancers on port 80, open as 8080: weights and rules, a fixed response, an empty group."""
    web, shop = a_load_balancer(), a_load_balancer("shop", attributes={"idle_timeout.timeout_seconds": "5"})
    blue = a_target_group("blue", attributes={"slow_start.duration_seconds": "30"})
    green = a_target_group(
        "green", attributes={"load_balancing.algorithm.type": "least_outstanding_requests"}
    )
    empty = a_target_group("empty")
    listener = a_listener(web, to_groups((blue, 90), (green, 10)), bound_port=8080)
    path = RuleCondition(field="path-pattern", values=("/old/*", "/a.b"))
    header = RuleCondition(field="http-header", header_name="X-Test", values=("green",))
    return LoadBalancerState(
        load_balancers=(shop, web),
        listeners=(
            a_listener(shop, FixedResponse(status_code=404, body="100% closed\n"), bound_port=8080),
            listener,
            a_listener(web, to_groups((blue, 1)), 81, bound_port=None),
        ),
        rules=(
            a_rule(listener, 20, conditions=(path,), action=Redirect(status_code=301, path="/new/#{path}")),
            a_rule(listener, 10, conditions=(header,), action=to_groups((green, 0), (empty, 1))),
        ),
        target_groups=(blue, empty, green),
        targets=(
            a_target(blue, 32_768, "127.0.1.1", state=HEALTHY),
            a_target(green, 32_769, "127.0.1.2", state=UNHEALTHY),
            a_target(green, 32_770, "127.0.1.2", state=DRAINING),
        ),
    )


@pytest.mark.parametrize(
    "scene", [LoadBalancerState, one_service, shared_port], ids=["nothing", "one_service", "shared_port"]
)
def test_configuration_is_as_it_was(scene: type[LoadBalancerState], request: pytest.FixtureRequest) -> None:
    """Every file, in the order of writing."""
    files = render(scene(), "/data").files
    rendered = "".join(f"=== {name}\n{text}" for name, text in files)
    path = GOLDEN / f"{request.node.callspec.id}.txt"
    if os.environ.get("SHIPWAY_REWRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(rendered)
    assert rendered == path.read_text()


def test_checks_come_sooner_at_speed() -> None:
    """Intervals and slow start are shortened; a target still has a second to answer."""
    patient = a_target_group(health_check_interval_s=30, health_check_timeout_s=20)
    eager = a_target_group(health_check_interval_s=5, health_check_timeout_s=2)
    fast = Timing().at_speed(10)
    for group, interval, unhealthy_interval, timeout in (
        (patient, "3s", "1s", "2s"),
        (eager, "0.5s", "0.5s", "1s"),
    ):
        check = health_check(group, "/data", fast)
        assert (check["interval"], check["unhealthy_interval"]) == (interval, unhealthy_interval)
        assert check["timeout"] == timeout
    slow = a_target_group(attributes={"slow_start.duration_seconds": "90"})
    cluster = target_group_cluster(slow, "/data", fast)
    assert cluster["round_robin_lb_config"] == {"slow_start_config": {"slow_start_window": "9s"}}


def test_the_bootstrap_is_as_it_was() -> None:
    """The admin interface is a socket that only its owner can open; nothing listens on a port."""
    rendered = render_bootstrap("/data", "/data/admin.sock")
    path = GOLDEN / "bootstrap.txt"
    if os.environ.get("SHIPWAY_REWRITE_GOLDEN"):
        path.write_text(rendered)
    assert rendered == path.read_text()


def test_one_target_touches_one_file() -> None:
    """A target that comes, goes or drains changes the endpoints of its group and nothing else."""
    before = one_service()
    after = LoadBalancerState(
        load_balancers=before.load_balancers,
        listeners=before.listeners,
        target_groups=before.target_groups,
        targets=before.targets[:1],
    )
    old, new = dict(render(before, "/data").files), dict(render(after, "/data").files)
    assert [name for name in old if old[name] != new.get(name)] == ["configuration/targets/web-1.json"]
