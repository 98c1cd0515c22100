"""Envoy clusters and their endpoints: one for each target group in use, with its health checks.

Two differences between Envoy's checks and Elastic Load Balancing's are met here. Envoy would check the
targets of a group without traffic once a minute; they are checked at the group's interval. And Envoy asks a
target that failed its first check for all of `healthy_threshold`, where Elastic Load Balancing asks a new
target for one pass; so whoever is not healthy is checked every second, and a container that needs time to
start is found ready soon after it is.
"""

from __future__ import annotations

from typing import Any

from shipway.load_balancer.state import LoadBalancerState, draining_beside_healthy, routable
from shipway.load_balancer.target_health import check_interval_ms
from shipway.model.snapshot import Timing
from shipway.model.target import Target
from shipway.model.target_group import TargetGroup, matcher_ranges

TYPE = "type.googleapis.com/envoy"
NO_TARGETS = "no-targets"
UNHEALTHY_INTERVAL_MS = 1_000
CHECK_TIMEOUT_MIN_MS = 1_000  # a target does not answer sooner because waits are shortened
CONNECT_TIMEOUT_S = 2  # everything is on this machine; a dead target should be given up soon
TARGET_IDLE_MS = (
    1_000  # shorter than servers' own keep-alive, so that a request does not meet a connection just closed
)
UNLIMITED = 100_000

ALGORITHMS = {
    "round_robin": "ROUND_ROBIN",
    "least_outstanding_requests": "LEAST_REQUEST",
    "weighted_random": "RANDOM",
}


def no_targets_cluster() -> dict[str, Any]:
    """Where requests for a group without targets go: nobody is there, the client gets a 503."""
    return {
        "@type": f"{TYPE}.config.cluster.v3.Cluster",
        "name": NO_TARGETS,
        "type": "STATIC",
        "load_assignment": {"cluster_name": NO_TARGETS},
    }


def target_group_cluster(group: TargetGroup, folder: str, timing: Timing) -> dict[str, Any]:
    limits = {"max_connections": UNLIMITED, "max_pending_requests": UNLIMITED, "max_requests": UNLIMITED}
    cluster: dict[str, Any] = {
        "@type": f"{TYPE}.config.cluster.v3.Cluster",
        "name": group.label,
        "type": "EDS",
        "connect_timeout": f"{CONNECT_TIMEOUT_S}s",
        "eds_cluster_config": {
            "eds_config": {
                "path_config_source": {
                    "path": f"{folder}/configuration/targets/{group.label}.json",
                    "watched_directory": {"path": f"{folder}/configuration/targets"},
                }
            }
        },
        "lb_policy": ALGORITHMS.get(group.algorithm, "ROUND_ROBIN"),
        # With no healthy target at all, requests go to all of them: Elastic Load Balancing fails open too.
        "common_lb_config": {"healthy_panic_threshold": {"value": 1}},
        "ignore_health_on_host_removal": True,  # who is taken out gets nothing more, healthy or not
        "circuit_breakers": {"thresholds": [{**limits, "max_retries": UNLIMITED}]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": protocol_options(group, timing)
        },
        "health_checks": [health_check(group, folder, timing)],
    }
    if group.slow_start_s and cluster["lb_policy"] == "ROUND_ROBIN":
        cluster["round_robin_lb_config"] = {
            "slow_start_config": {"slow_start_window": duration(timing.scaled(group.slow_start_s * 1000))}
        }
    return cluster


def duration(wait_ms: int) -> str:
    return f"{wait_ms / 1000:g}s"


def protocol_options(group: TargetGroup, timing: Timing) -> dict[str, Any]:
    """Envoy holds a health check that waits for its answer to be idle: it must be left to time out."""
    idle_ms = TARGET_IDLE_MS + check_timeout_ms(group, timing)
    version = "http_protocol_options" if group.protocol_version == "HTTP1" else "http2_protocol_options"
    return {
        "@type": f"{TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions",
        "common_http_protocol_options": {"idle_timeout": duration(idle_ms)},
        "explicit_http_config": {version: {}},
    }


def check_timeout_ms(group: TargetGroup, timing: Timing) -> int:
    timeout_ms = group.health_check_timeout_s * 1000
    return max(min(timeout_ms, CHECK_TIMEOUT_MIN_MS), timing.scaled(timeout_ms))


def health_check(group: TargetGroup, folder: str, timing: Timing) -> dict[str, Any]:
    interval = duration(check_interval_ms(group, timing))
    eager = duration(min(UNHEALTHY_INTERVAL_MS, check_interval_ms(group, timing)))
    agent = {"header": {"key": "user-agent", "value": "ELB-HealthChecker/2.0"}}
    return {
        "timeout": duration(check_timeout_ms(group, timing)),
        "interval": interval,
        "unhealthy_interval": eager,
        "no_traffic_interval": eager,
        "no_traffic_healthy_interval": interval,
        "healthy_threshold": group.healthy_threshold,
        "unhealthy_threshold": group.unhealthy_threshold,
        "reuse_connection": False,
        "always_log_health_check_failures": True,
        "event_logger": [
            {
                "name": "envoy.health_check.event_sink.file",
                "typed_config": {
                    "@type": f"{TYPE}.extensions.health_check.event_sinks.file.v3.HealthCheckEventFileSink",
                    "event_log_path": f"{folder}/health-events",
                },
            }
        ],
        "http_health_check": {
            "path": group.health_check_path,
            "expected_statuses": [
                {"start": first, "end": last + 1} for first, last in matcher_ranges(group.matcher)
            ],
            "request_headers_to_add": [{**agent, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
            **({} if group.protocol_version == "HTTP1" else {"codec_client_type": "HTTP2"}),
        },
    }


def target_group_endpoints(group: TargetGroup, state: LoadBalancerState) -> dict[str, Any]:
    targets = state.targets_of(group.target_group_arn)
    endpoints = [endpoint(group, target) for target in routable(targets)]
    for target in draining_beside_healthy(targets):
        endpoints.append({**endpoint(group, target), "health_status": "DRAINING"})
    assignment: dict[str, Any] = {
        "@type": f"{TYPE}.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": group.label,
    }
    return {**assignment, "endpoints": [{"lb_endpoints": endpoints}]} if endpoints else assignment


def endpoint(group: TargetGroup, target: Target) -> dict[str, Any]:
    check: dict[str, Any] = {"hostname": f"{target.address}:{check_port(group, target)}"}
    if check_port(group, target) != target.address_port:
        check["port_value"] = check_port(group, target)
    return {
        "endpoint": {
            "address": {"socket_address": {"address": target.address, "port_value": target.address_port}},
            "health_check_config": check,
        }
    }


def check_port(group: TargetGroup, target: Target) -> int:
    return target.address_port if group.health_check_port == "traffic-port" else int(group.health_check_port)
