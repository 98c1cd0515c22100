"""Target groups: where a load balancer sends requests, and how it finds out who is healthy."""

from __future__ import annotations

from typing import ClassVar

from shipway.model.arn import resource_path
from shipway.model.record import Record

TARGET_GROUP_ATTRIBUTES = {
    "deregistration_delay.timeout_seconds": "300",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "slow_start.duration_seconds": "0",
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": "86400",
    "stickiness.enabled": "false",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "stickiness.type": "lb_cookie",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}


class TargetGroup(Record, frozen=True, kw_only=True):
    """The defaults are those of an Application Load Balancer's HTTP target group."""

    key_member: ClassVar[str] = "target_group_arn"
    indexes: ClassVar[tuple[str, ...]] = ("name",)

    target_group_arn: str
    name: str
    protocol: str = "HTTP"
    protocol_version: str = "HTTP1"
    port: int = 80
    target_type: str = "instance"
    ip_address_type: str = "ipv4"
    vpc_id: str = ""
    health_check_protocol: str = "HTTP"
    health_check_port: str = "traffic-port"
    health_check_path: str = "/"
    health_check_interval_s: int = 30
    health_check_timeout_s: int = 5
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    matcher: str = "200"
    created_at: int = 0
    attributes: dict[str, str] = {}  # those that were set; the others have TARGET_GROUP_ATTRIBUTES' values
    tags: dict[str, str] = {}

    @property
    def label(self) -> str:
        """`NAME-ID`: names it inside Envoy and in file names."""
        return "-".join(resource_path(self.target_group_arn)[1:])

    @property
    def all_attributes(self) -> dict[str, str]:
        return {**TARGET_GROUP_ATTRIBUTES, **self.attributes}

    @property
    def deregistration_delay_s(self) -> int:
        return int(self.all_attributes["deregistration_delay.timeout_seconds"])

    @property
    def slow_start_s(self) -> int:
        return int(self.all_attributes["slow_start.duration_seconds"])

    @property
    def algorithm(self) -> str:
        return self.all_attributes["load_balancing.algorithm.type"]


def matcher_ranges(matcher: str) -> tuple[tuple[int, int], ...]:
    """`"200-299,301"` as ((200, 299), (301, 301)), ends included. ValueError says what cannot be read."""
    ranges = []
    for part in matcher.split(","):
        first, dash, last = part.strip().partition("-")
        last = last if dash else first
        if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
            raise ValueError(f"Health check matcher HTTP code '{matcher}' is not valid")
        ranges.append((int(first), int(last)))
    return tuple(ranges)
