"""What one agent process is told by its environment, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

DEFAULT_STOP_TIMEOUT_S = 30
DEFAULT_TELEMETRY_PERIOD_S = 20
DEFAULT_CLEANUP_WAIT_S = (
    60  # Amazon's agent keeps stopped containers for three hours; a laptop wants its disk back
)


class ConfigurationError(Exception):
    """A variable is missing or not usable; the text says which and what to write."""


class Credentials(msgspec.Struct, frozen=True):
    """The instance's own key pair; never printed."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.access_key_id})"


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    control_plane_url: str
    cluster: str
    data_folder: Path
    credentials: Credentials
    region: str = "us-east-1"
    account_id: str = "000000000000"
    instance_id: str = "i-00000000000000000"
    installation: str = ""
    availability_zone: str = "us-east-1a"
    address: str = "127.0.0.1"
    instance_type: str = "shipway.local"
    cpu: int = 1024
    memory_mib: int = 1024
    attributes: dict[str, str] = {}
    task_network: str = ""
    link_local: bool = False
    metadata_port: int = 0
    publish_task_ports: bool = False
    pull_behavior: str = "default"
    stop_timeout_s: int = DEFAULT_STOP_TIMEOUT_S
    cleanup_wait_s: int = DEFAULT_CLEANUP_WAIT_S
    telemetry_period_s: float = DEFAULT_TELEMETRY_PERIOD_S
    simulated: bool = False


def read_configuration(environment: Mapping[str, str]) -> Configuration:
    region = environment.get("AWS_DEFAULT_REGION") or environment.get("AWS_REGION") or "us-east-1"
    data_folder = Path(_required(environment, "ECS_DATADIR"))
    return Configuration(
        control_plane_url=_required(environment, "SHIPWAY_BACKEND").rstrip("/"),
        cluster=environment.get("ECS_CLUSTER") or "default",
        data_folder=data_folder,
        credentials=_credentials(environment),
        region=region,
        account_id=environment.get("SHIPWAY_ACCOUNT_ID") or "000000000000",
        instance_id=_required(environment, "SHIPWAY_INSTANCE_ID"),
        installation=environment.get("SHIPWAY_INSTALLATION", ""),
        availability_zone=environment.get("SHIPWAY_AVAILABILITY_ZONE") or f"{region}a",
        address=environment.get("SHIPWAY_ADDRESS") or "127.0.0.1",
        instance_type=environment.get("SHIPWAY_INSTANCE_TYPE") or "shipway.local",
        cpu=_integer(environment, "SHIPWAY_CPU", 1024 * (os.cpu_count() or 1)),
        memory_mib=_integer(environment, "SHIPWAY_MEMORY", _machine_memory_mib()),
        attributes=_attributes(environment),
        task_network=environment.get("SHIPWAY_TASK_NETWORK", ""),
        link_local=bool(environment.get("SHIPWAY_LINK_LOCAL_NETWORK")),
        metadata_port=_integer(environment, "SHIPWAY_METADATA_PORT", 0),
        publish_task_ports=environment.get("SHIPWAY_PUBLISH_TASK_PORTS") == "1",
        pull_behavior=environment.get("ECS_IMAGE_PULL_BEHAVIOR") or "default",
        stop_timeout_s=_seconds(environment, "ECS_CONTAINER_STOP_TIMEOUT", DEFAULT_STOP_TIMEOUT_S),
        cleanup_wait_s=_seconds(environment, "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION", DEFAULT_CLEANUP_WAIT_S),
        telemetry_period_s=_seconds(environment, "SHIPWAY_TELEMETRY_PERIOD", DEFAULT_TELEMETRY_PERIOD_S),
        simulated=environment.get("SHIPWAY_ENGINE") == "simulated",
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name)
    if not value:
        raise ConfigurationError(f"The agent needs the environment variable {name}; it is not set.")
    return value


def _integer(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name)
    if not text:
        return default
    if not text.isdigit():
        raise ConfigurationError(f"{name} must be a whole number, not '{text}'.")
    return int(text)


def _seconds(environment: Mapping[str, str], name: str, default: int) -> int:
    """Go's duration form as Amazon's agent takes it, whole units only: 30, 30s, 2m, 3h."""
    text = environment.get(name)
    if not text:
        return default
    number, unit = (text[:-1], text[-1]) if text[-1] in "smh" else (text, "s")
    if not number.isdigit() or int(number) < 1:
        raise ConfigurationError(f"{name} must be a duration such as 30s or 2m, not '{text}'.")
    return int(number) * {"s": 1, "m": 60, "h": 3600}[unit]


def _attributes(environment: Mapping[str, str]) -> dict[str, str]:
    text = environment.get("ECS_INSTANCE_ATTRIBUTES") or "{}"
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"ECS_INSTANCE_ATTRIBUTES must be a JSON map of texts: {error}.") from error


def _credentials(environment: Mapping[str, str]) -> Credentials:
    path = environment.get("SHIPWAY_CREDENTIALS_FILE")
    if not path:
        return Credentials(
            _required(environment, "AWS_ACCESS_KEY_ID"), _required(environment, "AWS_SECRET_ACCESS_KEY")
        )
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=Credentials)
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigurationError(f"The credentials file {path} cannot be read: {error}.") from error


def _machine_memory_mib() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1048576
    except (ValueError, OSError):
        return 2048  # a platform that does not tell
