"""What a container will do, as a value: how long it takes to start, when it ends and how, what its checks
say. A task definition carries the script in its containers' Docker labels. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

PREFIX = "shipway.simulated."


class Script(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The defaults run at once and for ever, and every check passes. Times count from its start."""

    pull_ms: int = 0
    pull_error: str = ""  # why the image cannot be pulled
    start_ms: int = 0
    start_error: str = ""  # why it cannot be started
    runs_ms: int | None = None  # until it ends by itself; None: never
    exit_code: int = 0  # when it does
    stop_ms: int = 0  # from SIGTERM to its end
    stop_exit_code: int = 143
    healthy_after_ms: int | None = 0  # of its own health check, if it has one; None: it never is
    unhealthy_after_ms: int | None = None  # and when it ceases to be
    answers_after_ms: int | None = 0  # the load balancer's checks pass from then on; None: never
    fails_after_ms: int | None = None  # and fail again from then on
    log: str = ""  # the lines that it writes when it starts
    status_code: int = 503  # what a failing check is answered with


def labels_of(script: Script) -> dict[str, str]:
    """The labels that `script_of` reads back: what differs from the defaults."""
    members = msgspec.to_builtins(script)
    return {PREFIX + name.replace("_", "-"): as_text(value) for name, value in members.items()}


def script_of(labels: Mapping[str, str]) -> Script:
    """Raises ValueError with the label's name when it cannot be read."""
    members: dict[str, object] = {}
    for label, text in labels.items():
        if not label.startswith(PREFIX):
            continue
        name = label.removeprefix(PREFIX).replace("-", "_")
        if name not in Script.__struct_fields__:
            raise ValueError(f"There is no label {label}; known are {', '.join(known_labels())}.")
        members[name] = None if text == "never" else text
    try:
        return msgspec.convert(members, Script, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"A label {PREFIX}... cannot be read: {error}.") from error


def known_labels() -> list[str]:
    return [PREFIX + name.replace("_", "-") for name in Script.__struct_fields__]


def as_text(value: object) -> str:
    return "never" if value is None else str(value)
