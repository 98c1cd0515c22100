"""The tasks of a PayloadMessage, in Amazon's own shape."""

from __future__ import annotations

from typing import Any

import msgspec


class _Wire(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    pass


class PortMapping(_Wire, frozen=True, kw_only=True):
    container_port: int | None = None
    host_port: int | None = None
    protocol: str | None = None
    container_port_range: str | None = None


class Dependency(_Wire, frozen=True, kw_only=True):
    container_name: str
    condition: str


class MountPoint(_Wire, frozen=True, kw_only=True):
    source_volume: str | None = None
    container_path: str
    read_only: bool | None = None


class VolumeFrom(_Wire, frozen=True, kw_only=True):
    source_container: str
    read_only: bool | None = None


class RestartPolicy(_Wire, frozen=True, kw_only=True):
    enabled: bool = False
    ignored_exit_codes: tuple[int, ...] | None = None
    restart_attempt_period: int | None = None


class DockerConfig(_Wire, frozen=True, kw_only=True):
    version: str | None = None
    config: str | None = None
    host_config: str | None = None


class EcrAuthData(_Wire, frozen=True, kw_only=True):
    registry_id: str = ""
    region: str = ""
    endpoint_override: str = ""
    use_execution_role: bool = False


class RegistryAuthentication(_Wire, frozen=True, kw_only=True):
    type: str
    ecr_auth_data: EcrAuthData | None = None


class Secret(_Wire, frozen=True, kw_only=True):
    name: str
    value_from: str
    provider: str = "ssm"
    region: str = ""
    type: str = "ENVIRONMENT_VARIABLE"
    target: str = ""
    container_path: str = ""


class ManagedAgent(_Wire, frozen=True, kw_only=True):
    name: str
    properties: dict[str, str] | None = None


class ContainerPayload(_Wire, frozen=True, kw_only=True):
    name: str
    image: str
    essential: bool = True
    command: tuple[str, ...] | None = None
    entry_point: tuple[str, ...] | None = None
    environment: dict[str, str] | None = None
    cpu: int = 0
    memory: int | None = None
    port_mappings: tuple[PortMapping, ...] | None = None
    links: tuple[str, ...] | None = None
    mount_points: tuple[MountPoint, ...] | None = None
    volumes_from: tuple[VolumeFrom, ...] | None = None
    depends_on: tuple[Dependency, ...] | None = None
    start_timeout: int | None = None
    stop_timeout: int | None = None
    restart_policy: RestartPolicy | None = None
    health_check_type: str | None = None
    registry_authentication: RegistryAuthentication | None = None
    container_arn: str | None = None
    image_digest: str | None = None
    privileged: bool | None = None
    overrides: Any = None
    docker_config: DockerConfig | None = None
    managed_agents: tuple[ManagedAgent, ...] | None = None
    secrets: tuple[Secret, ...] | None = None


class RoleCredentials(_Wire, frozen=True, kw_only=True):
    credentials_id: str
    role_arn: str = ""
    access_key_id: str = ""
    secret_access_key: str = ""
    session_token: str = ""
    expiration: str = ""
    credential_scope: str | None = None

    def __repr__(self) -> str:
        return f"RoleCredentials({self.role_arn})"


class Ipv4Address(_Wire, frozen=True, kw_only=True):
    primary: bool = False
    private_address: str


class NetworkInterface(_Wire, frozen=True, kw_only=True):
    ipv4_addresses: tuple[Ipv4Address, ...]
    attachment_arn: str | None = None
    ec2_id: str | None = None
    mac_address: str = ""
    subnet_gateway_ipv4_address: str = ""
    domain_name: tuple[str, ...] | None = None
    domain_name_servers: tuple[str, ...] | None = None
    private_dns_name: str | None = None
    index: int | None = None
    name: str | None = None

    @property
    def private_address(self) -> str:
        primary = [address for address in self.ipv4_addresses if address.primary]
        return (primary or list(self.ipv4_addresses))[0].private_address


class HostVolume(_Wire, frozen=True, kw_only=True):
    source_path: str | None = None


class DockerVolume(_Wire, frozen=True, kw_only=True):
    scope: str | None = None
    autoprovision: bool | None = None
    driver: str | None = None
    driver_opts: dict[str, str] | None = None
    labels: dict[str, str] | None = None


class EfsAuthorization(_Wire, frozen=True, kw_only=True):
    access_point_id: str | None = None


class EfsVolume(_Wire, frozen=True, kw_only=True):
    file_system_id: str
    root_directory: str | None = None
    authorization_config: EfsAuthorization | None = None


class Volume(_Wire, frozen=True, kw_only=True):
    name: str
    type: str | None = None
    host: HostVolume | None = None
    docker_volume_configuration: DockerVolume | None = None
    efs_volume_configuration: EfsVolume | None = None


class TaskPayload(_Wire, frozen=True, kw_only=True):
    arn: str
    desired_status: str = "RUNNING"
    task_cluster_arn: str = ""
    family: str = ""
    version: str = ""
    containers: tuple[ContainerPayload, ...] = ()
    volumes: tuple[Volume, ...] | None = None
    overrides: Any = None
    cpu: float | None = None
    memory: int | None = None
    network_mode: str | None = None
    launch_type: str | None = None
    pid_mode: str | None = None
    ipc_mode: str | None = None
    role_credentials: RoleCredentials | None = None
    execution_role_credentials: RoleCredentials | None = None
    elastic_network_interfaces: tuple[NetworkInterface, ...] | None = None
    service_name: str | None = None
    group: str | None = None


# Members that say nothing about how to run the task; anything else that is set and unknown is refused.
HARMLESS_TASK_MEMBERS = frozenset({"taskDefinitionAccountId", "zone", "agentConfiguration", "cluster"})
HARMLESS_CONTAINER_MEMBERS = frozenset({"logsAuthStrategy"})


def unknown_members(raw: dict[str, Any], shape: type[msgspec.Struct], harmless: frozenset[str]) -> list[str]:
    """The members of `raw` that are set and that `shape` does not know, sorted."""
    known = set(shape.__struct_encode_fields__)
    return sorted(name for name, value in raw.items() if name not in known and name not in harmless and value)
