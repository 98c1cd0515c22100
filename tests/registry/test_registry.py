"""The registry, for real: Docker logs in, pushes and pulls; the bridge sees what was pushed."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from pathlib import Path

import aiohttp
import pytest

from shipway.local.errors import LocalError
from shipway.local.process import ChildProcess
from shipway.registry.credentials import authorization
from shipway.registry.images import RegistryImages
from shipway.registry.program import RegistryError, choose_program
from shipway.registry.registry import Registry
from shipway.registry.render import render_configuration
from tests.registry.conftest import Docker

IMAGE = "busybox:stable"


def test_configuration_is_a_function_of_values() -> None:
    """The file's text depends on nothing else, and quotes any path."""
    text = render_configuration("127.0.0.1:4701", '/da ta/"x"/storage', "/data/htpasswd", "abc")
    assert (
        text
        == """\
{
  "version": 0.1,
  "log": {
    "level": "info",
    "accesslog": {
      "disabled": true
    }
  },
  "storage": {
    "filesystem": {
      "rootdirectory": "/da ta/\\"x\\"/storage"
    },
    "delete": {
      "enabled": true
    }
  },
  "http": {
    "addr": "127.0.0.1:4701",
    "secret": "abc",
    "draintimeout": "2s"
  },
  "auth": {
    "htpasswd": {
      "realm": "shipway",
      "path": "/data/htpasswd"
    }
  }
}
"""
    )


@pytest.mark.docker
async def test_docker_logs_in_pushes_and_pulls(
    registry: Registry, images: RegistryImages, docker: Docker
) -> None:
    """What Docker pushes, the bridge lists with its digest, size and moment; deleted, it is gone."""
    name = f"{registry.address}/team/hello:1"
    started_ms = time.time_ns() // 1_000_000
    await asyncio.to_thread(
        docker, "login", "-u", "AWS", "--password-stdin", registry.address, stdin=registry.password()
    )
    await asyncio.to_thread(docker, "tag", IMAGE, name)
    pushed = await asyncio.to_thread(docker, "push", name)
    await asyncio.to_thread(docker, "image", "rm", name)
    await asyncio.to_thread(docker, "pull", name)

    assert await images.repositories() == ["team/hello"]
    assert await images.tags("team/hello") == ["1"]
    manifest = await images.manifest("team/hello", "1")
    assert manifest is not None
    assert manifest.digest in pushed
    assert manifest.media_type == "application/vnd.docker.distribution.manifest.v2+json"
    assert manifest.size_bytes > 500_000
    assert started_ms - 1000 <= manifest.pushed_at_ms <= time.time_ns() // 1_000_000
    assert await images.manifest("team/hello", manifest.digest) == manifest

    assert await images.delete("team/hello", manifest.digest)
    assert await images.tags("team/hello") == []
    assert await images.manifest("team/hello", "1") is None
    assert not await images.delete("team/hello", manifest.digest)


async def test_nothing_was_pushed_yet(images: RegistryImages) -> None:
    """A repository nobody pushed to is empty, not an error."""
    assert await images.repositories() == []
    assert await images.tags("nothing/here") == []
    assert await images.manifest("nothing/here", "latest") is None


async def test_strangers_are_refused(registry: Registry) -> None:
    """Without the password there is no list, and the bridge says what was answered."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{registry.address}/v2/_catalog") as answer,
    ):
        assert answer.status == 401
    stranger = RegistryImages(registry.address, "wrong", registry.storage)
    with pytest.raises(RegistryError, match="answered 401"):
        await stranger.repositories()
    await stranger.close()


async def test_secrets_are_private_and_kept(registry: Registry, tmp_path: Path) -> None:
    """The password survives a restart and is for its owner's eyes only."""
    folder = tmp_path / "registry"
    for name in ("password", "htpasswd", "config.yml", "registry.log"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
    assert Registry(folder, 1, "test", ChildProcess).password() == registry.password()


async def test_a_taken_port_is_said(registry: Registry, tmp_path: Path) -> None:
    """The second registry on a port ends with the program's own words."""
    port = int(registry.address.rpartition(":")[2])
    second = Registry(tmp_path / "second", port, "test", ChildProcess)
    with pytest.raises(LocalError, match="address already in use"):
        await second.start()
    await second.stop()


async def test_images_survive_a_restart(registry: Registry) -> None:
    """Stopped and started again, it answers at the same address."""
    await registry.stop()
    await registry.start()
    async with (
        aiohttp.ClientSession(headers={"Authorization": authorization(registry.password())}) as session,
        session.get(f"http://{registry.address}/v2/") as answer,
    ):
        assert answer.status == 200


def test_the_program_is_chosen(tmp_path: Path) -> None:
    """Docker runs the registry's image where no binary is; where neither is, one sentence says so."""
    with pytest.raises(RegistryError, match="Install Debian's package docker-registry"):
        choose_program(tmp_path, 4701, "abc", path=str(tmp_path))
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\n")
    docker.chmod(0o755)
    program = choose_program(tmp_path / "data", 4701, "abc", path=str(tmp_path))
    assert " ".join(program.command) == (
        f"{docker} run --rm --name shipway-abc-registry --label shipway.installation=abc"
        f" --user {os.getuid()}:{os.getgid()} --publish 127.0.0.1:4701:5000 --volume {tmp_path}/data:/shipway"
        " registry:2 serve /shipway/config.yml"
    )
    assert (program.address, program.folder) == ("0.0.0.0:5000", "/shipway")
