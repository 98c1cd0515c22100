"""The rules for capacity providers over Auto Scaling groups, and how they are shown."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from shipway.api.ecs.identifiers import one_of
from shipway.api.errors import ApiError
from shipway.api.shapes import document
from shipway.model.capacity_provider import CapacityProvider, GroupSize, ManagedScaling
from shipway.model.record import Document

NAME = re.compile(r"(?!aws|ecs|fargate)[A-Za-z0-9_-]{1,255}", re.IGNORECASE)
GROUP = re.compile(r"arn:[^:]+:autoscaling:[^:]*:[^:]*:autoScalingGroup:[^:]*:autoScalingGroupName/.+")
SWITCH = ("ENABLED", "DISABLED")
STEP_MAX = 10_000
SIZE_TAGS = {"minimum": "shipway:minimum", "maximum": "shipway:maximum", "desired": "shipway:desired"}
"""Tags of a provider that say how large its group may be when nobody has made the group itself."""


def refused(message: str) -> ApiError:
    return ApiError("ClientException", message)


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise refused(
            "The specified capacity provider name is invalid. Up to 255 characters are allowed, including "
            "letters (upper and lowercase), numbers, underscores, and hyphens. The name cannot be prefixed "
            'with "aws", "ecs", or "fargate".'
        )


def group_arn_of(given: str) -> str:
    """The group's ARN or its name, as it was given. Whether there is such a group is not asked."""
    if given.startswith("arn:") and not GROUP.fullmatch(given):
        raise refused(f"The specified Auto Scaling group ARN is invalid: {given}")
    if not given:
        raise refused("The Auto Scaling group ARN cannot be blank.")
    return given


def with_group_settings(provider: CapacityProvider, given: Any) -> CapacityProvider:
    """What an AutoScalingGroupProvider (or its update) says; what it leaves out stays."""
    plain: Document = document(given) or {}
    scaling = plain.get("managedScaling")
    protection = one_of(plain.get("managedTerminationProtection"), SWITCH, "managedTerminationProtection")
    draining = one_of(plain.get("managedDraining"), SWITCH, "managedDraining")
    after = replace(
        provider,
        managed_scaling=provider.managed_scaling if scaling is None else managed_scaling(scaling),
        termination_protection=(
            provider.termination_protection if protection is None else protection == "ENABLED"
        ),
        draining=provider.draining if draining is None else draining == "ENABLED",
    )
    if after.termination_protection and not after.managed_scaling.enabled:
        raise refused(
            "The managed termination protection setting for the capacity provider is invalid. To enable "
            "managed termination protection for a capacity provider, managed scaling must be enabled."
        )
    return after


def managed_scaling(plain: Document) -> ManagedScaling:
    defaults = ManagedScaling()
    scaling = ManagedScaling(
        enabled=one_of(plain.get("status"), SWITCH, "managedScaling.status") != "DISABLED",
        target_capacity=plain.get("targetCapacity", defaults.target_capacity),
        minimum_step=plain.get("minimumScalingStepSize", defaults.minimum_step),
        maximum_step=plain.get("maximumScalingStepSize", defaults.maximum_step),
        warm_up_s=plain.get("instanceWarmupPeriod", defaults.warm_up_s),
    )
    for what, value, least, most in (
        ("target capacity", scaling.target_capacity, 1, 100),
        ("minimum scaling step size", scaling.minimum_step, 1, STEP_MAX),
        ("maximum scaling step size", scaling.maximum_step, 1, STEP_MAX),
        ("instance warmup period", scaling.warm_up_s, 0, 10_000),
    ):
        if not least <= value <= most:
            raise refused(
                f"The {what} for managed scaling is invalid. Specify a value between {least} and {most}."
            )
    if scaling.minimum_step > scaling.maximum_step:
        raise refused(
            "The minimum scaling step size for managed scaling is invalid. "
            "It must not be greater than the maximum scaling step size."
        )
    return scaling


def size_told_by(tags: tuple[Document, ...]) -> GroupSize:
    """The group's size as the provider's tags say it, else small."""
    values = {tag["key"]: tag["value"] for tag in tags}
    given = {member: values[key] for member, key in SIZE_TAGS.items() if key in values}
    for member, text in given.items():
        if not text.isdigit():
            raise refused(f"The tag {SIZE_TAGS[member]} must be a whole number, not '{text}'.")
    size = replace(GroupSize(), **{member: int(text) for member, text in given.items()})
    return replace(size, desired=min(max(size.desired, size.minimum), size.maximum))


def group_wire(provider: CapacityProvider) -> Document:
    scaling = provider.managed_scaling
    return {
        "autoScalingGroupArn": provider.auto_scaling_group_arn,
        "managedScaling": {
            "status": "ENABLED" if scaling.enabled else "DISABLED",
            "targetCapacity": scaling.target_capacity,
            "minimumScalingStepSize": scaling.minimum_step,
            "maximumScalingStepSize": scaling.maximum_step,
            "instanceWarmupPeriod": scaling.warm_up_s,
        },
        "managedTerminationProtection": "ENABLED" if provider.termination_protection else "DISABLED",
        "managedDraining": "ENABLED" if provider.draining else "DISABLED",
    }
