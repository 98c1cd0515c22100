"""What a container definition asks of AWS, stood in for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Members = dict[str, Any]
Tell = Callable[[str, str], None]

LOG_OPTIONS_REFUSED = ("awslogs-endpoint",)
LOCAL_LOG_DRIVERS = ("awslogs", "json-file")


def stood_in_container(container: Members, secrets: Mapping[str, str], tell: Tell) -> Members:
    container = _without_secrets({**container}, secrets, tell)
    name = str(container["name"])
    if container.pop("environmentFiles", None):
        tell(f"environment files of {name}", "left out: give what is needed as environment")
    if container.pop("repositoryCredentials", None):
        tell(f"registry credentials of {name}", "this machine's Docker pulls the image as it can")
    if container.pop("credentialSpecs", None):
        tell(f"credential specs of {name}", "left out")
    if container.pop("firelensConfiguration", None):
        tell(f"FireLens in {name}", "an ordinary container; nothing is sent through it")
    if container.pop("resourceRequirements", None):
        tell(f"GPUs of {name}", "left out: instances here have none")
    if container.get("logConfiguration"):
        container["logConfiguration"] = _logs(container["logConfiguration"], name, tell)
        if container["logConfiguration"] is None:
            del container["logConfiguration"]
    return container


def dummy(name: str) -> str:
    """Nothing that anybody could take for the real one."""
    return f"stand-in-for-{name}"


def _without_secrets(container: Members, secrets: Mapping[str, str], tell: Tell) -> Members:
    """They become environment: the containers see no difference."""
    wanted = container.pop("secrets", None) or ()
    environment = list(container.get("environment") or ())
    for secret in wanted:
        name = str(secret["name"])
        environment.append({"name": name, "value": secrets.get(name, dummy(name))})
        instead = "the value given" if name in secrets else "a dummy value; --secret gives it another"
        tell(f"secret {name} of {container['name']}", instead)
    return {**container, "environment": environment} if wanted else container


def _logs(configuration: Members, name: str, tell: Tell) -> Members | None:
    driver = str(configuration.get("logDriver"))
    if driver not in LOCAL_LOG_DRIVERS:
        tell(f"log driver {driver} of {name}", "the local CloudWatch Logs")
        return None
    configuration = {**configuration}
    if configuration.pop("secretOptions", None):
        tell(f"secret log options of {name}", "left out")
    if driver == "awslogs":
        options = {
            key: value
            for key, value in (configuration.get("options") or {}).items()
            if key not in LOG_OPTIONS_REFUSED
        }
        group = options.get("awslogs-group", "")
        tell(f"log group {group}", "one of the same name here, gone with the rehearsal")
        configuration["options"] = {**options, "awslogs-create-group": "true"}
    return configuration
