"""Addresses of the task network: which one the next awsvpc task gets."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from msgspec.structs import replace

from shipway.model.snapshot import AddressPool

RESERVED_FIRST = 4  # as in a VPC: the network's own address, its gateway, two for services of the network


class NoAddressLeft(Exception):
    """The task network is full."""


def next_address(pool: AddressPool) -> tuple[str, AddressPool]:
    """The next free address after the one given last, and the pool without it."""
    network = IPv4Network(pool.cidr)
    usable = network.num_addresses - RESERVED_FIRST - 1  # the last one is the broadcast address
    first = int(network.network_address) + RESERVED_FIRST
    start = int(IPv4Address(pool.last)) - first + 1 if pool.last else 0
    for step in range(usable):
        address = str(IPv4Address(first + (start + step) % usable))
        if address not in pool.taken:
            return address, replace(pool, taken=pool.taken | {address}, last=address)
    raise NoAddressLeft(
        f"The task network {pool.cidr} has no free address left: {len(pool.taken)} awsvpc tasks hold one."
        " Stop tasks, or reset local ECS with a larger network."
    )


def mac_address(address: str) -> str:
    """Derived from the address, as Docker derives its own."""
    return "02:42:" + ":".join(f"{int(part):02x}" for part in address.split("."))
