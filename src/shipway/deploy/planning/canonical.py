"""Two task definitions compared by what they mean: read-only members, defaults and order put aside."""

from __future__ import annotations

from typing import Any

from shipway.deploy.application.ecs_members import READ_ONLY

Members = dict[str, Any]

# ECS writes these into its answer when the request left them out.
CONTAINER_DEFAULTS: Members = {"cpu": 0, "essential": True}
HEALTH_DEFAULTS: Members = {"interval": 30, "timeout": 5, "retries": 3}
PORT_DEFAULTS: Members = {"protocol": "tcp"}
# Lists whose order means nothing, and the member to sort them by.
UNORDERED = {
    "environment": "name",
    "secrets": "name",
    "tags": "key",
    "environmentFiles": "value",
    "ulimits": "name",
}


def canonical(definition: Members) -> Members:
    own = {key: value for key, value in definition.items() if key not in READ_ONLY["RegisterTaskDefinition"]}
    # Tags belong to the revision, not to what it runs; DescribeTaskDefinition gives them apart.
    own.pop("tags", None)
    if own.get("enableFaultInjection") is False:
        own.pop("enableFaultInjection")
    for size, unit in (("cpu", "vcpu"), ("memory", "gb")):
        if size in own:
            own[size] = _size(str(own[size]), unit)
    mode = own.get("networkMode")
    if mode == "bridge":
        # Left out, it acts as bridge.
        own.pop("networkMode")
    own["containerDefinitions"] = [_container(item, mode) for item in own.get("containerDefinitions") or []]
    pruned: Members = _pruned(own)
    return pruned


def same(one: Members, other: Members) -> bool:
    return canonical(one) == canonical(other)


def _container(container: Members, mode: str | None) -> Members:
    filled = CONTAINER_DEFAULTS | {key: value for key, value in container.items() if value is not None}
    filled["portMappings"] = [_port(mapping, mode) for mapping in filled.get("portMappings") or []]
    if filled.get("healthCheck"):
        filled["healthCheck"] = HEALTH_DEFAULTS | filled["healthCheck"]
    return filled


def _port(mapping: Members, mode: str | None) -> Members:
    filled = PORT_DEFAULTS | mapping
    if mode in ("awsvpc", "host"):
        filled.setdefault("hostPort", filled.get("containerPort"))
    elif not filled.get("hostPort"):
        filled.pop("hostPort", None)
    return filled


def _size(text: str, unit: str) -> str:
    compact = text.lower().replace(" ", "")
    if compact.endswith(unit):
        try:
            return str(int(float(compact[: -len(unit)]) * 1024))
        except ValueError:
            return text
    return text


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _sorted(key, _pruned(item)) for key, item in value.items()}
        return {key: item for key, item in sorted(kept.items()) if item not in (None, [], {}, "")}
    if isinstance(value, list):
        return [_pruned(item) for item in value]
    return value


def _sorted(key: str, value: Any) -> Any:
    by = UNORDERED.get(key)
    if by and isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return sorted(value, key=lambda item: str(item.get(by)))
    return value


def covers(live: Any, wanted: Any) -> bool:
    """Is everything that is wanted already so? What the wish leaves out may be anything."""
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(
            covers(live.get(key), item) for key, item in wanted.items() if item is not None
        )
    if isinstance(wanted, list):
        have = live or []
        if not isinstance(have, list) or len(have) != len(wanted):
            return False
        if all(isinstance(item, str) for item in [*have, *wanted]):
            # Subnets, security groups, names: their order means nothing.
            return sorted(have) == sorted(wanted)
        return all(covers(one, want) for one, want in zip(have, wanted, strict=True))
    return bool(live == wanted)
