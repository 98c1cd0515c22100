"""The docker command: build, log in, push. No shell; no value of a build argument, no password in argv."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from shipway.deploy.edge.docker_process import NO_ENGINE, captured, checked, no_engine, refused, watched
from shipway.deploy.edge.ecr import RegistryLogin
from shipway.deploy.errors import DeployError
from shipway.deploy.planning.actions import BuildImage
from shipway.deploy.planning.build_command import build_command, several_platforms
from shipway.deploy.planning.references import registry_address, without_tag

DIGEST = re.compile(r"digest: (sha256:[0-9a-f]{64})")
PUSHED_DIGEST = "containerimage.digest"


class Docker(Protocol):
    """What a deployment asks of Docker."""

    def build(self, action: BuildImage, folder: str, say: Callable[[str], None]) -> str:
        """Build, and return the image's id, by which `push` knows it."""
        ...

    def push(self, image_id: str, reference: str, login: RegistryLogin | None) -> str:
        """Push the image under this reference, and return the digest that the registry gave it."""
        ...


class DockerCommand:
    """The docker command line of this machine; BuildKit builds where its buildx plugin is installed."""

    def __init__(self) -> None:
        self._in_cache: dict[str, tuple[list[str], Mapping[str, str]]] = {}

    def build(self, action: BuildImage, folder: str, say: Callable[[str], None]) -> str:
        context = Path(folder) / action.context
        if not context.is_dir():
            raise DeployError(
                f"images.{action.container}: the build context {context} is not a folder. Correct context:."
            )
        _see_secrets(action, folder)
        buildx = captured(["docker", "buildx", "version"], None).returncode == 0
        command = build_command(action, folder, buildx=buildx)
        environment = os.environ | dict(action.args)
        with tempfile.TemporaryDirectory(prefix="shipway-build-") as scratch:
            id_file = Path(scratch) / "id"
            if several_platforms(action):
                target = ["--output", "type=cacheonly"]
            else:
                target = [*(["--load"] if buildx else []), "--iidfile", str(id_file)]
            code, lines = watched([*command, *target, str(context)], environment, say)
            if code != 0:
                raise _build_error(action, lines)
            if not several_platforms(action):
                return id_file.read_text().strip()
        image_id = f"in the build cache, for {action.container}"
        self._in_cache[image_id] = ([*command, str(context)], environment)
        return image_id

    def push(self, image_id: str, reference: str, login: RegistryLogin | None) -> str:
        with logged_in(login) as environment:
            if image_id in self._in_cache:
                return self._push_from_cache(image_id, reference, environment)
            checked(["docker", "tag", image_id, reference], None, f"tagging {reference}")
            done = captured(["docker", "push", reference], environment)
            if done.returncode != 0:
                raise refused(f"The registry refused {reference}", done, _what_to_do(reference, login))
            found = DIGEST.search(done.stdout)
            if found is None:
                raise _no_digest(reference)
            return found[1]

    def _push_from_cache(self, image_id: str, reference: str, environment: Mapping[str, str]) -> str:
        command, variables = self._in_cache[image_id]
        with tempfile.TemporaryDirectory(prefix="shipway-build-") as scratch:
            told = Path(scratch) / "metadata.json"
            out = ["--push", "-t", reference, "--metadata-file", str(told)]
            done = captured([*command[:-1], *out, command[-1]], {**variables, **environment})
            if done.returncode != 0:
                raise refused(f"The push of {reference} failed", done)
            digest = json.loads(told.read_text()).get(PUSHED_DIGEST)
        if not isinstance(digest, str):
            raise _no_digest(reference)
        return digest


@contextmanager
def logged_in(login: RegistryLogin | None) -> Iterator[dict[str, str]]:
    """The environment to push in. The user's own Docker configuration must not come to hold this password."""
    if login is None:
        yield dict(os.environ)
        return
    own = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    with tempfile.TemporaryDirectory(prefix="shipway-docker-") as folder:
        plugins = {"cliPluginsExtraDirs": [str(own / "cli-plugins")]}
        (Path(folder) / "config.json").write_text(json.dumps(plugins))
        environment = {"BUILDX_CONFIG": str(own / "buildx"), **os.environ, "DOCKER_CONFIG": folder}
        command = ["docker", "login", "-u", login.user, "--password-stdin", login.address]
        done = captured(command, environment, login.password)
        if done.returncode != 0:
            raise refused(f"The registry {login.address} refused the login", done)
        yield environment


def _see_secrets(action: BuildImage, folder: str) -> None:
    """Docker's own words for a secret that is not there name neither the image nor the key."""
    for secret in action.secrets:
        place = f"images.{action.container}.secrets.{secret.id}"
        if secret.env is not None and secret.env not in os.environ:
            raise DeployError(
                f"{place}: the environment has no variable {secret.env}. Set it, then try again."
            )
        if secret.file is not None and not (Path(folder) / secret.file).is_file():
            raise DeployError(f"{place}: there is no file {secret.file} beside shipway.yml.")


def _no_digest(reference: str) -> DeployError:
    return DeployError(f"docker push of {reference} named no digest, so the image cannot be pinned.")


def _build_error(action: BuildImage, lines: list[str]) -> DeployError:
    if any(NO_ENGINE.search(line) for line in lines):
        return no_engine()
    return DeployError(
        f"The image of {action.container} does not build; the last lines of docker build:",
        details=tuple(lines),
    )


def _what_to_do(reference: str, login: RegistryLogin | None) -> str:
    """We log in to ECR ourselves; to any other registry the user does."""
    if login is not None:
        return ""
    address = registry_address(without_tag(reference))
    return f". See that it answers, and that `docker login{f' {address}' if address else ''}` was done."
