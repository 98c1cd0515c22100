"""Files of `NAME=VALUE` lines, as Docker, compose and shells know them."""

from __future__ import annotations

import re


def env_file_pairs(content: str) -> dict[str, str]:
    found = {}
    for line in content.splitlines():
        stripped = line.strip().removeprefix("export ")
        name, equals, value = stripped.partition("=")
        if not stripped or stripped.startswith("#") or not equals:
            continue
        value = value.strip()
        if value[:1] in ("'", '"') and value[-1:] == value[:1] and len(value) > 1:
            value = value[1:-1]
        else:
            value = re.sub(r"\s+#.*$", "", value)
        found[name.strip()] = value
    return found
