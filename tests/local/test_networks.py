"""Docker networks: their choice, and the real ones."""

from __future__ import annotations

import asyncio
import secrets
import socket
import subprocess
from collections.abc import AsyncIterator

import aiodocker
import pytest

from shipway.local.docker_engine import docker_engine, remove_containers
from shipway.local.errors import LocalError
from shipway.local.networks import (
    METADATA_ADDRESS,
    METADATA_PORT,
    TASK_SUBNETS,
    choose_subnet,
    ensure_link_local_network,
    ensure_task_network,
    is_abandoned,
    link_local_network_name,
    remove_networks,
    subnets_of,
    task_network_name,
)


def test_a_free_subnet_is_chosen() -> None:
    """The kept one while it overlaps nothing, else the first candidate that does not, else none."""
    assert choose_subnet("", []) == "10.47.0.0/16"
    assert choose_subnet("10.211.0.0/16", ["10.47.0.0/16"]) == "10.211.0.0/16"
    assert choose_subnet("10.47.0.0/16", ["10.0.0.0/10", "fd00::/64"]) == "10.147.0.0/16"
    assert choose_subnet("", ["10.0.0.0/8"]) is None
    assert len(set(TASK_SUBNETS)) == len(TASK_SUBNETS)


@pytest.fixture
async def docker() -> AsyncIterator[aiodocker.Docker]:
    async with docker_engine() as engine:
        yield engine


@pytest.fixture
async def installation(docker: aiodocker.Docker) -> AsyncIterator[str]:
    name = "test-" + secrets.token_hex(4)
    yield name
    await remove_containers(docker, name)
    await remove_networks(docker, name)


@pytest.mark.docker
async def test_networks_are_made_once_and_removed(docker: aiodocker.Docker, installation: str) -> None:
    """A second `up` finds the task network with its subnet; `down` takes it away; twice is harmless."""
    subnet = await ensure_task_network(docker, installation, "")
    assert await ensure_task_network(docker, installation, "10.221.0.0/16") == subnet
    network = await (await docker.networks.get(task_network_name(installation))).show()
    assert subnets_of(network) == [subnet]
    assert network["Labels"] == {"shipway.installation": installation}
    assert await remove_networks(docker, installation) == []
    assert await remove_networks(docker, installation) == []
    names = {network["Name"] for network in await docker.networks.list()}
    assert task_network_name(installation) not in names


@pytest.mark.docker
async def test_the_metadata_address_is_one_installations(docker: aiodocker.Docker, installation: str) -> None:
    """Who comes first has it; while that one serves there, the next goes without. One that serves no more was
    killed, and what it left is removed. On this machine somebody may have it already.
    """
    other = installation + "-other"
    mine = await ensure_link_local_network(docker, installation)
    assert mine in (None, link_local_network_name(installation))
    assert await ensure_link_local_network(docker, installation) == mine
    if mine is None:
        assert await ensure_link_local_network(docker, other) is None
        return
    with socket.create_server((METADATA_ADDRESS, METADATA_PORT)):
        assert await ensure_link_local_network(docker, other) is None
    assert await ensure_link_local_network(docker, other) == link_local_network_name(other)
    assert link_local_network_name(installation) not in {n["Name"] for n in await docker.networks.list()}
    await remove_networks(docker, other)


def test_only_our_own_silent_networks_are_abandoned() -> None:
    """What other programs made is theirs, whoever answers there."""
    ours = {"Name": "a", "Labels": {"shipway.installation": "0"}}
    assert is_abandoned(ours, served=False)
    assert not is_abandoned(ours, served=True)
    assert not is_abandoned({"Name": "b", "Labels": {}}, served=False)
    assert not is_abandoned({"Name": "b", "Labels": None}, served=False)


@pytest.mark.docker
async def test_containers_of_one_installation_are_removed(
    docker: aiodocker.Docker, installation: str
) -> None:
    """Running and stopped ones, all at once; other installations' stay."""
    for label, command in ((installation, "sleep 60"), (installation, "true"), (installation + "x", "true")):
        arguments = [
            "docker",
            "run",
            "-d",
            "--init",
            "--label",
            f"shipway.installation={label}",
            "busybox:stable",
        ]
        finished = await asyncio.to_thread(
            subprocess.run, [*arguments, "sh", "-c", command], capture_output=True, text=True, timeout=60
        )
        assert finished.returncode == 0, finished.stderr
    assert await remove_containers(docker, installation) == 2
    assert await remove_containers(docker, installation) == 0
    assert await remove_containers(docker, installation + "x") == 1


async def test_no_docker_engine_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was looked for, and what to do."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/docker.sock")
    with pytest.raises(
        LocalError, match=r"No Docker Engine answers at .*\. Start Docker, or set DOCKER_HOST"
    ):
        async with docker_engine():
            pytest.fail("nobody is there")
