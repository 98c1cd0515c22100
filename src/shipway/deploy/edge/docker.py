"""The docker command: build, log in, push. No shell; no value of a build argument, no password in argv."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from shipway.deploy.edge.ecr import RegistryLogin
from shipway.deploy.errors import DeployError
from shipway.deploy.planning.actions import BuildImage
from shipway.deploy.planning.references import registry_address, without_tag

LAST_LINES = 15
DIGEST = re.compile(r"digest: (sha256:[0-9a-f]{64})")
NO_ENGINE = re.compile(
    r"Cannot connect to the Docker daemon|Is the docker daemon running|docker daemon is not", re.I
)


class Docker(Protocol):
    """What a deployment asks of Docker."""

    def build(self, action: BuildImage, folder: str, say: Callable[[str], None]) -> str:
        """Build, and return the image's id."""
        ...

    def push(self, image_id: str, reference: str, login: RegistryLogin | None) -> str:
        """Push the image under this reference, and return the digest that the registry gave it."""
        ...


class DockerCommand:
    """The docker command line of this machine."""

    def build(self, action: BuildImage, folder: str, say: Callable[[str], None]) -> str:
        context = Path(folder) / action.context
        if not context.is_dir():
            raise DeployError(
                f"images.{action.container}: the build context {context} is not a folder. Correct context:."
            )
        with tempfile.TemporaryDirectory(prefix="shipway-build-") as scratch:
            id_file = Path(scratch) / "id"
            # --force-rm: a step that fails would leave its container behind (BuildKit has none to leave).
            command = ["docker", "build", "--force-rm", "--iidfile", str(id_file)]
            if action.dockerfile:
                command += ["-f", str(context / action.dockerfile)]
            if action.target:
                command += ["--target", action.target]
            if action.platform:
                command += ["--platform", action.platform]
            for name, _ in action.args:
                command += ["--build-arg", name]
            code, lines = _run([*command, str(context)], os.environ | dict(action.args), say)
            if code != 0:
                raise _build_error(action, lines)
            return id_file.read_text().strip()

    def push(self, image_id: str, reference: str, login: RegistryLogin | None) -> str:
        _checked(["docker", "tag", image_id, reference], None, f"tagging {reference}")
        if login is None:
            return self._push(reference, None)
        # The user's own Docker configuration must not come to hold this password.
        with tempfile.TemporaryDirectory(prefix="shipway-docker-") as folder:
            environment = os.environ | {"DOCKER_CONFIG": folder}
            command = ["docker", "login", "-u", login.user, "--password-stdin", login.address]
            done = _captured(command, environment, login.password)
            if done.returncode != 0:
                raise _refused(f"The registry {login.address} refused the login", done)
            return self._push(reference, environment)

    def _push(self, reference: str, environment: dict[str, str] | None) -> str:
        done = _captured(["docker", "push", reference], environment)
        if done.returncode != 0:
            raise _refused(f"The registry refused {reference}", done, _what_to_do(reference, environment))
        found = DIGEST.search(done.stdout)
        if found is None:
            raise DeployError(f"docker push of {reference} named no digest, so the image cannot be pinned.")
        return found[1]


def _run(
    command: list[str], environment: dict[str, str], say: Callable[[str], None]
) -> tuple[int, list[str]]:
    last: deque[str] = deque(maxlen=LAST_LINES)
    with _started(command, environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            text = line.rstrip()
            if text:
                last.append(text[:500])
                say(text[:120])
    return process.returncode, list(last)


def _started(command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except FileNotFoundError:
        raise _no_command() from None


def _captured(
    command: list[str], environment: dict[str, str] | None, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    given = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    try:
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, errors="replace", check=False, **given
        )
    except FileNotFoundError:
        raise _no_command() from None


def _checked(command: list[str], environment: dict[str, str] | None, what: str) -> None:
    done = _captured(command, environment)
    if done.returncode != 0:
        raise _refused(f"Docker failed at {what}", done)


def _no_command() -> DeployError:
    return DeployError("The docker command is not installed, so no image can be built. Install Docker.")


def _no_engine() -> DeployError:
    return DeployError(
        "Docker Engine does not answer, so no image can be built. Start Docker, then try again."
    )


def _build_error(action: BuildImage, lines: list[str]) -> DeployError:
    if any(NO_ENGINE.search(line) for line in lines):
        return _no_engine()
    return DeployError(
        f"The image of {action.container} does not build; the last lines of docker build:",
        details=tuple(lines),
    )


def _what_to_do(reference: str, environment: dict[str, str] | None) -> str:
    """We log in to ECR ourselves; to any other registry the user does."""
    if environment is not None:
        return ""
    address = registry_address(without_tag(reference))
    return f". See that it answers, and that `docker login{f' {address}' if address else ''}` was done."


def _refused(what: str, done: subprocess.CompletedProcess[str], advice: str = "") -> DeployError:
    said = [line for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()]
    if any(NO_ENGINE.search(line) for line in said):
        return _no_engine()
    errors = [line for line in said if "WARNING" not in line]
    return DeployError(f"{what}: {(errors or said or ['no reason given'])[0].strip().rstrip('.')}{advice}")
