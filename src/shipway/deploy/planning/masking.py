"""What is a secret: by the name it is given under, and then by its value wherever that shows up again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MASK = "***"
# Shorter values would be found inside of ordinary words and numbers.
LENGTH_MIN = 6
SECRET = re.compile(
    r"passw(or)?d|passphrase|(?<![a-z])pass(?![a-z])|secret|token|credential|(api|private|access)[_.-]?key",
    re.IGNORECASE,
)
# Where a secret lies, who has it or how long is no secret.
ABOUT_ONE = re.compile(
    r"(arn|file|path|dir|name|url|uri|host|id|user|version|type|ttl|timeout|length|expiry|enabled)s?$",
    re.IGNORECASE,
)
# `DB_PASSWORD=...` as shells, build arguments and careless programs write it.
ASSIGNMENT = re.compile(r"(?<![\w.-])([A-Za-z][\w.-]*)=(\"[^\"\n]*\"|'[^'\n]*'|[^\s,;&'\"]+)")
# Mappings of names to values, as ECS (a list of pairs) and our own file write them.
VARIABLES = ("environment", "args")
# Of AWS's answers, the ones that are a secret themselves.
SECRET_MEMBERS = ("authorizationToken", "SecretString", "SecretAccessKey", "SessionToken", "tokenValue")


def is_secret(name: str) -> bool:
    return bool(SECRET.search(name)) and not ABOUT_ONE.search(name)


def secrets_in_environment(variables: Mapping[str, str]) -> Iterator[str]:
    return (value for name, value in variables.items() if is_secret(name))


def secrets_in(value: Any) -> Iterator[str]:
    """The secret values in a document of ours or AWS's: variables with telling names, and AWS's tokens."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from secrets_in(item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key in VARIABLES:
                yield from (str(given) for name, given in _variables(item) if is_secret(name))
            elif key in SECRET_MEMBERS and isinstance(item, str):
                yield item
            else:
                yield from secrets_in(item)


def _variables(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(name), given) for name, given in value.items())
    elif isinstance(value, list):
        for pair in value:
            if isinstance(pair, Mapping) and "name" in pair and "value" in pair:
                yield str(pair["name"]), pair["value"]


def spellings(value: str) -> Iterator[str]:
    """The ways a value may be printed: as it is, in JSON, and line by line."""
    for part in (value, *value.splitlines()):
        if len(part.strip()) >= LENGTH_MIN:
            yield part
            yield json.dumps(part)[1:-1]


def masked(text: str, secrets: Iterable[str]) -> str:
    """Longest first, so that no secret is left standing for its beginning."""
    for secret in sorted(secrets, key=lambda secret: (-len(secret), secret)):
        text = text.replace(secret, MASK)
    return ASSIGNMENT.sub(_assignment, text) if "=" in text else text


def _assignment(found: re.Match[str]) -> str:
    name, value = found.groups()
    return f"{name}={MASK}" if is_secret(name) and not _elsewhere(value) else found[0]


def _elsewhere(value: str) -> bool:
    """A reference to a secret is none."""
    return value.strip("'\"").startswith(("arn:", "$"))
