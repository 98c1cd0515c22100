"""Load balancers: a name, and the listeners that point to it."""

from __future__ import annotations

from typing import ClassVar

from shipway.model.arn import resource_path
from shipway.model.record import Document, Record

DNS_SUFFIX = (
    "elb.localhost"  # *.localhost is loopback for browsers, curl and systemd-resolved, with no DNS of ours
)

LOAD_BALANCER_ATTRIBUTES = {
    "access_logs.s3.bucket": "",
    "access_logs.s3.enabled": "false",
    "access_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": "60",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}


class LoadBalancer(Record, frozen=True, kw_only=True):
    key_member: ClassVar[str] = "load_balancer_arn"
    indexes: ClassVar[tuple[str, ...]] = ("name",)

    load_balancer_arn: str
    name: str
    dns_name: str
    scheme: str = "internet-facing"
    type: str = "application"
    ip_address_type: str = "ipv4"
    vpc_id: str = ""
    zones: tuple[Document, ...] = ()  # {"ZoneName", "SubnetId"}
    security_groups: tuple[str, ...] = ()
    created_at: int = 0
    state: str = "active"
    attributes: dict[str, str] = {}  # those that were set; the others have LOAD_BALANCER_ATTRIBUTES' values
    tags: dict[str, str] = {}

    @property
    def path(self) -> str:
        """`app/NAME/ID`: what the ARNs of its listeners and rules continue."""
        return "/".join(resource_path(self.load_balancer_arn)[1:])

    @property
    def idle_timeout_s(self) -> int:
        return int(self.all_attributes["idle_timeout.timeout_seconds"])

    @property
    def all_attributes(self) -> dict[str, str]:
        return {**LOAD_BALANCER_ATTRIBUTES, **self.attributes}


def dns_name_of(name: str, scheme: str) -> str:
    prefix = "internal-" if scheme == "internal" else ""
    return f"{prefix}{name}.{DNS_SUFFIX}".lower()
