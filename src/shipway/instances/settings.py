"""What one installation tells this room: where things are, and how patient a link is."""

from __future__ import annotations

import msgspec


class PayloadSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a payload says about its surroundings. Nothing in here is a secret."""

    account_id: str = "000000000000"
    region: str = "us-east-1"
    endpoint_url: str = "http://127.0.0.1:4700"
    registry_address: str = "127.0.0.1:4701"
    subnet_gateway: str = "10.47.0.1/16"  # of the task network; the agent wants the prefix length with it
    domain_name_servers: tuple[str, ...] = ()


class LinkSettings(msgspec.Struct, frozen=True, kw_only=True):
    heartbeat_s: float = 30.0  # Amazon's agent closes a link that was silent for 60 to 120 s
    missed_heartbeats_max: int = 2  # so many unanswered heartbeats in a row, and the link is closed
    credentials_period_s: float = 30 * 60.0
    close_timeout_s: float = 2.0
    frame_bytes_max: int = 2 * 1024 * 1024  # metrics of ten tasks may take 1 MiB


class InstancesSettings(msgspec.Struct, frozen=True, kw_only=True):
    payload: PayloadSettings = PayloadSettings()
    link: LinkSettings = LinkSettings()
