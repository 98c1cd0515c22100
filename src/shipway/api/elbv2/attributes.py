"""Attributes: keys and values as strings, checked where a value would otherwise break what it steers."""

from __future__ import annotations

from typing import Any

from shipway.api.elbv2.lookup import validation_error

# Both ends included.
RANGES = {
    "client_keep_alive.seconds": (60, 604_800),
    "idle_timeout.timeout_seconds": (1, 4_000),
    "deregistration_delay.timeout_seconds": (0, 3_600),
    "stickiness.lb_cookie.duration_seconds": (1, 604_800),
    "stickiness.app_cookie.duration_seconds": (1, 604_800),
}
CHOICES = {
    "load_balancing.algorithm.type": ("round_robin", "least_outstanding_requests", "weighted_random"),
    "routing.http.xff_header_processing.mode": ("append", "preserve", "remove"),
}


def checked_attributes(request: Any, known: dict[str, str], owner: str) -> dict[str, str]:
    """The request's attributes by key; unknown keys and values out of range are refused."""
    attributes = {attribute.key: attribute.value or "" for attribute in request.attributes}
    for key, value in attributes.items():
        if key not in known:
            raise validation_error(f"{owner} attribute key '{key}' is not recognized")
        check_value(owner, key, value)
    return attributes


def check_value(owner: str, key: str, value: str) -> None:
    if key in RANGES:
        low, high = RANGES[key]
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            raise validation_error(
                f"{owner} attribute value '{value}' of '{key}' must be a number from {low} to {high}"
            )
    if key in CHOICES and value not in CHOICES[key]:
        raise validation_error(
            f"{owner} attribute value '{value}' of '{key}' must be one of {', '.join(CHOICES[key])}"
        )
    if key.endswith(".enabled") and known_flag(key) and value not in ("true", "false"):
        raise validation_error(f"{owner} attribute value '{value}' of '{key}' must be true or false")
    if key == "slow_start.duration_seconds":
        valid = value.isascii() and value.isdigit() and (int(value) == 0 or 30 <= int(value) <= 900)
        if not valid:
            raise validation_error(
                f"{owner} attribute value '{value}' of '{key}' must be 0 or a number from 30 to 900"
            )


def known_flag(key: str) -> bool:
    return key != "load_balancing.cross_zone.enabled"  # it has a third value: use_load_balancer_configuration


def encode_attributes(attributes: dict[str, str]) -> dict[str, Any]:
    return {"Attributes": [{"Key": key, "Value": value} for key, value in sorted(attributes.items())]}
