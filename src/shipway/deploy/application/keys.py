"""The keys of `shipway.yml` that are ours; everything under `task_definition` and `service` is ECS's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shipway.deploy.application.suggestion import did_you_mean
from shipway.deploy.application.variables import Path

Keys = dict[str, Any]

# None: a value, or ECS's members. A mapping: known keys below. The key "*": any name, then known keys.
IMAGE: Keys = {
    **dict.fromkeys(
        ("context", "dockerfile", "args", "target", "platform", "repository", "tag", "cache_from", "cache_to")
    ),
    "secrets": {"*": dict.fromkeys(("env", "file"))},
}
HEALTH_CHECK: Keys = dict.fromkeys(
    ("path", "interval", "timeout", "healthy_threshold", "unhealthy_threshold", "matcher", "port")
)
LOAD_BALANCER: Keys = {
    **dict.fromkeys(
        (
            "name",
            "create",
            "internal",
            "subnets",
            "security_groups",
            "listener_port",
            "container",
            "container_port",
            "deregistration_delay",
        )
    ),
    "health_check": HEALTH_CHECK,
}
CODE_DEPLOY: Keys = {**dict.fromkeys(("application", "deployment_group", "config")), "hooks": {"*": None}}
TASK: Keys = dict.fromkeys(
    (
        "container",
        "command",
        "environment",
        "count",
        "launch_type",
        "cpu",
        "memory",
        "task_role",
        "execution_role",
    )
)
HOOKS: Keys = dict.fromkeys(("before_build", "before_deploy", "after_deploy", "on_failure", "on_rollback"))
OVERLAY: Keys = {
    **dict.fromkeys(("name", "cluster", "region", "profile", "create", "task_definition", "service")),
    **dict.fromkeys(("before_deploy", "after_deploy", "on_failure")),
    "images": {"*": IMAGE},
    "load_balancer": LOAD_BALANCER,
    "code_deploy": CODE_DEPLOY,
    "tasks": {"*": TASK},
    "hooks": HOOKS,
    "notify": {"webhook": None, "headers": {"*": None}},
    "ownership": {"*": None},
}
# What is the same for all services of a file: where they are, and what happens around the whole release.
OF_ALL = ("cluster", "region", "profile", "hooks", "notify")
SERVICE: Keys = {
    "needs": None,
    **{key: below for key, below in OVERLAY.items() if key not in OF_ALL},
}
RELEASE: Keys = {**OVERLAY, "services": {"*": SERVICE}, "parallel": None}
APPLICATION: Keys = {**RELEASE, "requires": None, "environments": {"*": RELEASE}}


def unknown_keys(value: Any, known: Keys = APPLICATION, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every key that is neither ours nor free (`x-`), and what should have keys and has none."""
    if not isinstance(value, dict):
        if value is not None and not (known is IMAGE and isinstance(value, str)):
            yield path, f"{dotted(path)} must be a mapping of keys to values, not {shown(value)}."
        return
    for key, item in value.items():
        if key.startswith("x-"):
            continue
        below = known.get(key, known.get("*"))
        if key in known or "*" in known:
            if isinstance(below, dict):
                yield from unknown_keys(item, below, (*path, key))
        else:
            inside = f" under {dotted(path)}" if path else ""
            yield (*path, key), f"unknown key {key!r}{inside}. {did_you_mean(key, known)}"


def dotted(path: Path) -> str:
    return ".".join(str(step) for step in path)


def shown(value: Any) -> str:
    return "a list" if isinstance(value, list) else repr(value)
