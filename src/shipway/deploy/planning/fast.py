"""What a fast deployment changes for its while, and how that is kept to be put back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipway.deploy.planning.release import Wanted

Members = dict[str, Any]

TAG = "shipway:before-fast"
# ECS's own for a service that has never been told.
MINIMUM, MAXIMUM = 100, 200


@dataclass(frozen=True)
class Before:
    """Minimum healthy and maximum percent, and each target group's deregistration delay by its name."""

    minimum: int
    maximum: int
    delays_s: Mapping[str, int]

    def text(self) -> str:
        delays = [f"{delay} s deregistration delay of {name}" for name, delay in self.delays_s.items()]
        return ", ".join([f"{self.minimum} to {self.maximum} % of the tasks", *delays])


def before_fast(wanted: Wanted, service: Members, delays_s: Mapping[str, int]) -> Before:
    """As the file has it; where it says nothing, as the service has it."""
    both = configuration_of(wanted, service)
    minimum = int(both.get("minimumHealthyPercent", MINIMUM))
    return Before(minimum, int(both.get("maximumPercent", MAXIMUM)), delays_s)


def configuration_of(wanted: Wanted, service: Members) -> Members:
    return {
        **(service.get("deploymentConfiguration") or {}),
        **(wanted.service.get("deploymentConfiguration") or {}),
    }


def refusal(wanted: Wanted, service: Members) -> str:
    """Why this service has no fast deployment; empty when it has."""
    configuration = configuration_of(wanted, service)
    controller = str((service.get("deploymentController") or {}).get("type", "ECS"))
    strategy = str(configuration.get("strategy", "ROLLING"))
    scheduling = str(service.get("schedulingStrategy", "REPLICA"))
    wrong = next((what for what in (controller, strategy, scheduling) if what not in FAST_ONES), None)
    if wrong is None:
        return ""
    return f"--fast is for rolling updates; {wanted.service_name} is {wrong}. Leave --fast out."


FAST_ONES = ("ECS", "ROLLING", "REPLICA")


def tag_of(before: Before) -> Members:
    """In the few characters that a tag may have."""
    delays = "".join(f" {name}={delay}" for name, delay in before.delays_s.items())
    return {"key": TAG, "value": f"{before.minimum}/{before.maximum}{delays}"}


def kept_before(service: Members | None) -> Before | None:
    """What a fast deployment that did not come to its end has left behind."""
    tags = {tag.get("key"): str(tag.get("value")) for tag in (service or {}).get("tags") or ()}
    if TAG not in tags:
        return None
    percents, *delays = tags[TAG].split()
    minimum, _, maximum = percents.partition("/")
    pairs = (delay.rpartition("=") for delay in delays)
    return Before(int(minimum), int(maximum), {name: int(delay) for name, _, delay in pairs})


def group_name(target_group_arn: str) -> str:
    """arn:...:targetgroup/NAME/id"""
    parts = target_group_arn.split("/")
    return parts[-2] if len(parts) > 2 else parts[-1]
