"""Where a container's lines go when its log driver is awslogs. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.agent.log_events import DATETIME_FORMAT, MULTILINE_PATTERN, first_line_pattern
from shipway.agent.wire import ContainerPayload

APPLIED_OPTIONS = frozenset(
    {
        "awslogs-group",
        "awslogs-region",
        "awslogs-stream",
        "awslogs-stream-prefix",
        "awslogs-create-group",
        "mode",
        "max-buffer-size",
        DATETIME_FORMAT,
        MULTILINE_PATTERN,
    }
)


class LogDestination(msgspec.Struct, frozen=True):
    group: str
    stream: str
    create_group: bool = False
    first_line: str = ""


def docker_part(spec: ContainerPayload, part: str) -> dict[str, Any]:
    """dockerConfig.config or .hostConfig, decoded."""
    text = getattr(spec.docker_config, part, None) if spec.docker_config else None
    decoded = msgspec.json.decode(text) if text else {}
    return decoded if isinstance(decoded, dict) else {}


def log_options(spec: ContainerPayload) -> dict[str, str] | None:
    """The awslogs driver's options; None for every other driver."""
    configured = docker_part(spec, "host_config").get("LogConfig") or {}
    return dict(configured.get("Config") or {}) if configured.get("Type") == "awslogs" else None


def log_destination(spec: ContainerPayload, task_id: str) -> LogDestination | None:
    options = log_options(spec)
    if options is None:
        return None
    stream = options.get("awslogs-stream")
    if not stream:
        prefix = options.get("awslogs-stream-prefix")
        stream = f"{prefix}/{spec.name}/{task_id}" if prefix else f"{spec.name}/{task_id}"
    create_group = options.get("awslogs-create-group", "").lower() == "true"
    return LogDestination(options["awslogs-group"], stream, create_group, first_line_pattern(options))


def log_refusal(spec: ContainerPayload) -> str:
    options = log_options(spec)
    if options is None:
        return ""
    if not options.get("awslogs-group"):
        return "log driver awslogs needs the option awslogs-group"
    unknown = sorted(set(options) - APPLIED_OPTIONS)
    if unknown:
        return f"this agent does not apply the awslogs option {', '.join(unknown)}"
    try:
        first_line_pattern(options)
    except ValueError as error:
        return f"log driver awslogs: {error}"
    return ""
