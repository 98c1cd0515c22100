"""Where a hook's function answers: on this machine, by address or by a Lambda function's ARN."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

FUNCTION_ARN = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:([A-Za-z0-9_-]+)(?::[^:]+)?")


def function_name(target_arn: str) -> str | None:
    """The name inside a Lambda function's ARN; a version or an alias may follow it."""
    found = FUNCTION_ARN.fullmatch(target_arn)
    return found.group(1) if found else None


def is_loopback(address: str) -> bool:
    """Whether an address is http or https on this machine itself. Hooks are sent nowhere else."""
    try:
        parts = urlsplit(address)
        name = parts.hostname or ""
        parts.port  # noqa: B018 - a port that is no number raises
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not name:
        return False
    return name == "localhost" or is_loopback_ip(name)


def is_loopback_ip(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
