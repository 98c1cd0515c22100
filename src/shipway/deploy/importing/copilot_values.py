"""Where a Copilot service is, and the words of its manifest in ECS's terms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from shipway.deploy.application.variables import rewritten
from shipway.deploy.importing.compose_values import seconds, text

Members = dict[str, Any]

VARIABLE = re.compile(r"\\?\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}|\$\$")
HEALTH_DEFAULTS: Members = {"interval": 10, "retries": 2, "timeout": 5, "startPeriod": 0}


@dataclass(frozen=True)
class Place:
    """Names that Copilot makes up the rest from; None is told by a variable when it is deployed."""

    application: str | None
    environment: str | None
    name: str
    kind: str
    region: str | None

    @property
    def app(self) -> str:
        return self.application or "${COPILOT_APPLICATION_NAME}"

    @property
    def env(self) -> str:
        return self.environment or "${COPILOT_ENVIRONMENT_NAME}"

    @property
    def region_name(self) -> str:
        return self.region or "${AWS_REGION:?the region}"

    @property
    def family(self) -> str:
        return f"{self.app}-{self.env}-{self.name}"


def bound(value: Any, place: Place) -> Any:
    """Copilot's own variables by their values, the shell's as Shipway writes them."""
    return rewritten(value, lambda text, _: VARIABLE.sub(lambda match: _bound(match, place), text))


def _bound(match: re.Match[str], place: Place) -> str:
    if match[0] == "$$":
        return "$$$$"
    if match[0].startswith("\\"):
        return "$" + match[0][1:]
    own = {"COPILOT_APPLICATION_NAME": place.app, "COPILOT_ENVIRONMENT_NAME": place.env}
    return own.get(match["name"], match[0])


def health(check: Members) -> Members:
    found = {"command": [text(item) for item in check.get("command") or ()], **HEALTH_DEFAULTS}
    for key, member in (("interval", "interval"), ("timeout", "timeout"), ("start_period", "startPeriod")):
        if check.get(key) is not None:
            found[member] = seconds(check[key])
    if check.get("retries") is not None:
        found["retries"] = int(check["retries"])
    return found
