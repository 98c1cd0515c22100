"""Which program serves as the registry on this machine, and the command that runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

BINARIES = ("docker-registry", "registry")  # Debian's name, then the project's own
IMAGE = "registry:2"
IN_CONTAINER = "/shipway"
IN_CONTAINER_PORT = 5000
VERSION_TIMEOUT_S = 10


class RegistryError(Exception):
    """Its text is shown as it is."""


@dataclass(frozen=True, slots=True)
class Program:
    """A way to run CNCF Distribution. `folder` is the data folder's path as the program sees it."""

    command: tuple[str, ...]
    address: str
    folder: str
    container: str | None = None


def choose_program(folder: Path, port: int, installation: str, path: str | None = None) -> Program:
    """The binary when one is installed, else the image through Docker, else an error."""
    configuration = "config.yml"
    for name in BINARIES:
        binary = shutil.which(name, path=path)
        if binary and _is_distribution(binary):
            return Program((binary, "serve", str(folder / configuration)), f"127.0.0.1:{port}", str(folder))
    docker = shutil.which("docker", path=path)
    if docker is None:
        raise RegistryError(
            "No image registry is installed here. Install Debian's package docker-registry, or Docker's "
            f"command line so that the image {IMAGE} can be run instead."
        )
    container = f"shipway-{installation}-registry"
    command = (docker, "run", "--rm", "--name", container, "--label", f"shipway.installation={installation}")
    user = ("--user", f"{os.getuid()}:{os.getgid()}")  # who removes the data folder must own what is in it
    published = ("--publish", f"127.0.0.1:{port}:{IN_CONTAINER_PORT}", "--volume", f"{folder}:{IN_CONTAINER}")
    served = (IMAGE, "serve", f"{IN_CONTAINER}/{configuration}")
    return Program(
        command + user + published + served, f"0.0.0.0:{IN_CONTAINER_PORT}", IN_CONTAINER, container
    )


def _is_distribution(binary: str) -> bool:
    try:
        version = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return "distribution" in version.stdout
