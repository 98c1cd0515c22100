"""What the checks look at: the deployment that is wanted, and what AWS answered about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from shipway.deploy.planning.secrets_seen import Named

Members = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """What would be deployed. `built` are the containers whose images are yet to be built."""

    definition: Members
    service: Members  # the live service, with the file's members over it
    written: Members  # the file's service members alone
    built: tuple[str, ...] = ()
    behind_balancer: bool = False
    local: bool = False
    creates_cluster: bool = False

    @property
    def containers(self) -> list[Members]:
        return list(self.definition["containerDefinitions"])

    @property
    def network_mode(self) -> str:
        return str(self.definition.get("networkMode") or "bridge")

    @property
    def fargate(self) -> bool:
        strategy = self.service.get("capacityProviderStrategy") or ()
        names = [str(item.get("capacityProvider")) for item in strategy]
        return self.service.get("launchType") == "FARGATE" or any(
            name.startswith("FARGATE") for name in names
        )

    @property
    def daemon(self) -> bool:
        return self.service.get("schedulingStrategy") == "DAEMON"

    @property
    def awsvpc(self) -> Members:
        network = self.service.get("networkConfiguration") or {}
        return network.get("awsvpcConfiguration") or {}


@dataclass(frozen=True)
class SecretsSeen:
    """What is not in order with the secrets that the task definition names."""

    missing: tuple[str, ...] = ()
    no_version: tuple[Named, ...] = ()
    no_json_key: tuple[Named, ...] = ()
    unread: tuple[Named, ...] = ()  # whose JSON key was not looked for
    dead_keys: dict[str, str] = field(default_factory=dict)  # source -> what is wrong with its key
    undecryptable: tuple[str, ...] = ()  # sources, by the execution role


@dataclass(frozen=True)
class Observed:
    """None stands for what was not asked or could not be read; the reason is then in `unanswered`."""

    cluster: Members | None = None
    missing_images: tuple[str, ...] = ()
    log_groups: dict[str, bool] = field(default_factory=dict)
    target_groups: dict[str, Members | None] = field(default_factory=dict)
    subnets: dict[str, str | None] = field(default_factory=dict)  # id -> VPC, None when it does not exist
    security_groups: dict[str, str | None] = field(default_factory=dict)
    instances: tuple[Members, ...] | None = None
    scaled: bool = False
    platforms: dict[str, tuple[str, ...]] = field(default_factory=dict)  # image -> `linux/arm64`, ...
    roles: dict[str, Members | None] = field(default_factory=dict)  # -> trust policy, None: no such role
    denied: dict[str, tuple[str, ...]] = field(default_factory=dict)  # what needs them -> refused actions
    secrets: SecretsSeen = field(default_factory=SecretsSeen)
    ways_out: dict[str, str] = field(default_factory=dict)  # subnet -> where its default route leads
    endpoints: bool = False  # of a VPC
    quotas: dict[str, float] = field(default_factory=dict)  # by Amazon's name for it
    unanswered: tuple[tuple[str, str], ...] = ()  # what was asked about, why there is no answer
