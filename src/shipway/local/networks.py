"""The two Docker networks of an installation: one for awsvpc tasks, one that holds the metadata address.

awsvpc tasks get an address each from the task network. The second network exists for its gateway: Docker puts
169.254.170.2, the address every AWS SDK asks for task metadata and credentials, on this machine's side of the
bridge. There is one such address on a machine, so the first installation has it and others go without.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Iterable
from typing import Any

import aiodocker

from shipway.local.docker_engine import INSTALLATION_LABEL
from shipway.local.errors import LocalError

logger = logging.getLogger(__name__)

TASK_SUBNETS = tuple(f"10.{second}.0.0/16" for second in (47, *range(147, 157), *range(211, 221)))
LINK_LOCAL_SUBNET = "169.254.170.0/24"
METADATA_ADDRESS = "169.254.170.2"
METADATA_PORT = 80
Document = dict[str, Any]


def task_network_name(installation: str) -> str:
    return f"shipway-{installation}-tasks"


def link_local_network_name(installation: str) -> str:
    return f"shipway-{installation}-metadata"


def choose_subnet(preferred: str, taken: Iterable[str]) -> str | None:
    """The preferred subnet when it overlaps nothing, else the first candidate that does not."""
    in_use = [ipaddress.ip_network(subnet) for subnet in taken]
    for candidate in (preferred, *TASK_SUBNETS) if preferred else TASK_SUBNETS:
        subnet = ipaddress.ip_network(candidate)
        if not any(subnet.version == other.version and subnet.overlaps(other) for other in in_use):
            return candidate
    return None


def subnets_of(network: Document) -> list[str]:
    configurations = (network.get("IPAM") or {}).get("Config") or []
    return [configuration["Subnet"] for configuration in configurations if configuration.get("Subnet")]


async def ensure_task_network(docker: aiodocker.Docker, installation: str, preferred: str) -> str:
    """Makes the network when it is missing; returns its subnet."""
    name = task_network_name(installation)
    networks = await docker.networks.list()
    for network in networks:
        if network["Name"] == name:
            return subnets_of(network)[0]
    subnet = choose_subnet(preferred, [subnet for network in networks for subnet in subnets_of(network)])
    while subnet is not None:
        try:
            await _create(docker, name, installation, {"Subnet": subnet})
            return subnet
        except aiodocker.DockerError as error:
            if (
                "overlap" not in error.message
            ):  # a route of this machine's own, which Docker sees and we do not
                raise LocalError(f"Docker could not make the network {name}: {error.message}.") from error
            networks.append({"IPAM": {"Config": [{"Subnet": subnet}]}})
        subnet = choose_subnet("", [subnet for network in networks for subnet in subnets_of(network)])
    raise LocalError(
        f"No free subnet was found for the Docker network {name} (tried {', '.join(TASK_SUBNETS)}). "
        "Remove networks that nobody uses with `docker network prune`."
    )


async def ensure_link_local_network(docker: aiodocker.Docker, installation: str) -> str | None:
    """The network's name, or None where this machine's one metadata address is somebody else's."""
    name = link_local_network_name(installation)
    holders = [network for network in await docker.networks.list() if _holds_metadata_address(network)]
    for network in holders:
        if network["Name"] == name:
            return name
        if not (is_abandoned(network, served=not can_serve_metadata()) and await _removed(docker, network)):
            logger.warning("The network %s has %s already.", network["Name"], METADATA_ADDRESS)
            return None
        logger.warning("Removed the network %s, which a killed installation left.", network["Name"])
    try:
        await _create(docker, name, installation, {"Subnet": LINK_LOCAL_SUBNET, "Gateway": METADATA_ADDRESS})
    except aiodocker.DockerError as error:
        logger.warning("Docker could not make the network %s: %s", name, error.message)
        return None
    return name


def is_abandoned(network: Document, served: bool) -> bool:
    """One of ours whose installation does not answer at the address: it was killed and never came back."""
    return INSTALLATION_LABEL in (network.get("Labels") or {}) and not served


def can_serve_metadata() -> bool:
    """Whether this user may open the port, and whether the address is on this machine at all."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((METADATA_ADDRESS, METADATA_PORT))
        except OSError:
            return False
        return True


async def remove_networks(docker: aiodocker.Docker, installation: str) -> list[str]:
    """Removes both networks. Returns the names of those that stay, for others' containers are in them."""
    kept = []
    for name in (task_network_name(installation), link_local_network_name(installation)):
        try:
            network = await docker.networks.get(name)
            await network.delete()
        except aiodocker.DockerError as error:
            if error.status == 403:
                kept.append(name)
            elif error.status != 404:
                raise
    return kept


LINK_LOCAL = ipaddress.IPv4Network(LINK_LOCAL_SUBNET)


def _holds_metadata_address(network: Document) -> bool:
    subnets = [ipaddress.IPv4Network(subnet) for subnet in subnets_of(network) if ":" not in subnet]
    return any(subnet.overlaps(LINK_LOCAL) for subnet in subnets)


async def _removed(docker: aiodocker.Docker, network: Document) -> bool:
    try:
        await (await docker.networks.get(network["Id"])).delete()
    except aiodocker.DockerError as error:
        logger.warning("Docker could not remove the network %s: %s", network["Name"], error.message)
        return False
    return True


async def _create(docker: aiodocker.Docker, name: str, installation: str, addresses: Document) -> None:
    await docker.networks.create(
        {
            "Name": name,
            "CheckDuplicate": True,
            "Driver": "bridge",
            "IPAM": {"Config": [addresses]},
            "Labels": {INSTALLATION_LABEL: installation},
        }
    )
