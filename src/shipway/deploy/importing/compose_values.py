"""How compose writes variables, commands, durations, sizes and ports, in ECS's terms."""

from __future__ import annotations

import re
import shlex
from typing import Any

from shipway.deploy.application.variables import rewritten
from shipway.deploy.errors import DeployError
from shipway.deploy.importing.source import Account

Members = dict[str, Any]

VARIABLE = re.compile(
    r"\$(?:(?P<escape>\$)|(?P<bare>[A-Za-z_][A-Za-z0-9_]*)"
    r"|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<operator>:?[-?+])?(?P<argument>(?:[^{}]|\{[^{}]*\})*)\})"
)
DURATION = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h)")
UNIT_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
UNIT_MIB = {"": 1 / 2**20, "k": 1 / 2**10, "m": 1.0, "g": 1024.0, "t": 1024.0**2}


def translated(value: Any, account: Account) -> Any:
    """Compose's references to variables as Shipway writes them: unset is empty, not an error."""
    return rewritten(value, lambda text, _: VARIABLE.sub(lambda match: _reference(match, account), text))


def _reference(match: re.Match[str], account: Account) -> str:
    if match["escape"]:
        return "$$"
    name, operator, argument = match["bare"] or match["name"], match["operator"], match["argument"] or ""
    if operator in (":+", "+"):
        account.leave(match[0], f"Shipway has no `+`; ${{{name}}} stands in its place.")
        operator, argument = None, ""
    if "${" in argument:
        account.leave(match[0], f"a default with a variable in it; ${{{name}}} stands in its place.")
        operator, argument = None, ""
    if operator in (":?", "?"):
        return f"${{{name}:?{argument}}}"
    return f"${{{name}:-{argument}}}"


def container_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "shipway"


def text(value: Any) -> str:
    """A YAML value as compose puts it into a string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def words(value: Any) -> list[str]:
    """A command: a list as it stands, a string split as a shell would, though none runs it."""
    return [text(item) for item in value] if isinstance(value, list) else shlex.split(text(value))


def usual(value: Any) -> str:
    """A variable's default is the value that it usually has; a number must be known here."""
    return DEFAULT.sub(r"\1", text(value).strip())


def number(value: Any) -> float:
    try:
        return float(usual(value))
    except ValueError:
        raise DeployError(f"{value!r} is not a number. Correct the compose file.") from None


def seconds(value: Any) -> int:
    written = usual(value)
    if written.isdigit():
        return int(written)
    found = DURATION.findall(written)
    if not found or "".join(amount + unit for amount, unit in found) != written:
        raise DeployError(f"{value!r} is not a duration such as 30s or 1m30s. Correct the compose file.")
    return round(sum(float(amount) * UNIT_S[unit] for amount, unit in found))


def mebibytes(value: Any) -> int:
    match = SIZE.fullmatch(usual(value))
    if match is None:
        raise DeployError(f"{value!r} is not a size such as 512m or 1g. Correct the compose file.")
    return max(1, round(float(match[1]) * UNIT_MIB[match[2].lower()]))


def pairs(value: Any) -> dict[str, Any]:
    """`NAME=VALUE` lines or a mapping; a name alone has no value."""
    if isinstance(value, dict):
        return {str(name): item for name, item in value.items()}
    found: dict[str, Any] = {}
    for line in value or ():
        name, equals, item = text(line).partition("=")
        found[name] = item if equals else None
    return found


def port_mappings(ports: list[Any], account: Account, where: str) -> list[Members]:
    found = []
    for port in ports:
        for published, target, protocol in _port(port, account, where):
            mapping: Members = {"containerPort": target}
            if published:
                mapping["hostPort"] = published
            if protocol != "tcp":
                mapping["protocol"] = protocol
            found.append(mapping)
    return found


def _port(port: Any, account: Account, where: str) -> list[tuple[int | None, int, str]]:
    if isinstance(port, dict):
        for key in ("host_ip", "name", "app_protocol"):
            if port.get(key):
                account.leave(f"{where}.ports.{key}", "ECS publishes on every address of the instance.")
        published, target = text(port.get("published")), text(port["target"])
        protocol = text(port.get("protocol", "tcp"))
    else:
        spec, _, protocol = usual(port).partition("/")
        # A port may stand behind an address, which may be IPv6 and then has colons itself.
        front, _, target = spec.rpartition(":")
        address, _, published = front.rpartition(":")
        if address:
            account.leave(
                f"{where}.ports {text(port)}",
                f"{address} is left out: ECS publishes on every address of the instance.",
            )
        protocol = protocol or "tcp"
    outside, inside = _range(published), _range(target)
    if inside is None or (outside is not None and len(outside) not in (len(inside), 1)):
        account.leave(f"{where}.ports {text(port)}", "it is not made of numbers, so it is left out.")
        return []
    if outside is None and published:
        account.leave(
            f"{where}.ports {text(port)}", "a published port of a variable; ECS picks a free one instead."
        )
    every: list[int | None] = [*outside] if outside else [None] * len(inside)
    return list(zip(every, inside, [protocol] * len(inside), strict=False))


def _range(spec: str) -> list[int] | None:
    first, _, last = spec.partition("-")
    numbers = [usual(part) for part in (first, last or first)]
    if not all(number.isdigit() for number in numbers):
        return None
    return list(range(int(numbers[0]), int(numbers[1]) + 1))
