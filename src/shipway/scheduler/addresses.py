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
    base, broadcast = int(network.network_address), network.num_addresses - 1
    usable = (1 << broadcast) - (1 << RESERVED_FIRST)  # as bits, like `taken`
    free = usable & ~pool.taken
    if not free:
        raise NoAddressLeft(
            f"The task network {pool.cidr} has no free address left: {pool.taken.bit_count()} awsvpc tasks"
            " hold one. Stop tasks, or reset local ECS with a larger network."
        )
    start = int(IPv4Address(pool.last)) - base + 1 if pool.last else 0
    following = free >> start
    offset = start + lowest_bit(following) if following else lowest_bit(free)
    address = str(IPv4Address(base + offset))
    return address, replace(pool, taken=pool.taken | 1 << offset, last=address)


def lowest_bit(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def mac_address(address: str) -> str:
    """Derived from the address, as Docker derives its own."""
    return "02:42:" + ":".join(f"{int(part):02x}" for part in address.split("."))
