"""What one installation of local ECS is told once and keeps: `settings.json` in its data folder."""

from __future__ import annotations

import os
import secrets

import msgspec

FORMAT = 1
"""Of the whole data folder. Raised when one version could not read what another wrote."""

PORT = 4700
INSTANCES = 3
INSTANCES_MAX = 60
REGION = "us-east-1"
ACCOUNT_ID = "000000000000"
ADDRESS = "127.0.0.1"
KEY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
CPU_UNITS_PER_CORE = 1024
MEMORY_MIB_MIN = 256
SPEED_MAX = 10_000
DOCKER, SIMULATED = ENGINES = ("docker", "simulated")


class LocalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`cpu` and `memory_mib` are what each container instance registers; 0 means: chosen from the machine."""

    format: int = FORMAT
    installation: str
    port: int = PORT
    instances: int = INSTANCES
    region: str = REGION
    account_id: str = ACCOUNT_ID
    cpu: int = 0
    memory_mib: int = 0
    engine: str = DOCKER  # or SIMULATED; what containers are. Never changed: they are in the record
    speed: float = 1.0  # how many times shorter every wait of the control plane is
    ephemeral: bool = False
    task_subnet: str = ""  # of the Docker network for awsvpc; chosen at the first `up`, kept while it is free

    @property
    def endpoint_url(self) -> str:
        return f"http://{ADDRESS}:{self.port}"

    @property
    def simulated(self) -> bool:
        return self.engine == SIMULATED

    @property
    def registry_port(self) -> int:
        return self.port + 1

    @property
    def cpu_per_instance(self) -> int:
        return self.cpu or CPU_UNITS_PER_CORE * (os.cpu_count() or 1)

    @property
    def memory_mib_per_instance(self) -> int:
        return self.memory_mib or max(MEMORY_MIB_MIN, machine_memory_mib() // max(1, self.instances))


class Credentials(msgspec.Struct, frozen=True):
    """The key pair that every request to this installation is signed with."""

    access_key_id: str
    secret_access_key: str

    def __repr__(self) -> str:
        return f"Credentials({self.access_key_id})"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """`endpoint.json`: where a running local ECS answers, for the deploy half and the other verbs."""

    endpoint_url: str
    region: str
    account_id: str
    access_key_id: str
    secret_access_key: str
    registry: str
    pid: int
    data: str

    def __repr__(self) -> str:
        return f"Endpoint({self.endpoint_url})"


def new_installation() -> str:
    return secrets.token_hex(4)


def new_credentials() -> Credentials:
    key_id = "AKIA" + "".join(secrets.choice(KEY_ALPHABET) for _ in range(16))
    return Credentials(key_id, secrets.token_urlsafe(30))


def machine_memory_mib() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024**2
    except (ValueError, OSError):
        return 4096  # a platform that does not tell
