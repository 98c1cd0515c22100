"""The docker command run: watched line by line or captured whole, and its refusals as sentences."""

from __future__ import annotations

import re
import subprocess
from collections import deque
from collections.abc import Callable, Mapping

from shipway.deploy.errors import DeployError

LAST_LINES = 15
NO_ENGINE = re.compile(
    r"Cannot connect to the Docker daemon|Is the docker daemon running|docker daemon is not", re.I
)


def watched(
    command: list[str], environment: Mapping[str, str], say: Callable[[str], None]
) -> tuple[int, list[str]]:
    """Its exit code, and its last lines."""
    last: deque[str] = deque(maxlen=LAST_LINES)
    with _started(command, environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            text = line.rstrip()
            if text:
                last.append(text[:500])
                say(text[:120])
    return process.returncode, list(last)


def _started(command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
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


def captured(
    command: list[str], environment: Mapping[str, str] | None, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    given = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    try:
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, errors="replace", check=False, **given
        )
    except FileNotFoundError:
        raise _no_command() from None


def checked(command: list[str], environment: Mapping[str, str] | None, what: str) -> None:
    done = captured(command, environment)
    if done.returncode != 0:
        raise refused(f"Docker failed at {what}", done)


def no_engine() -> DeployError:
    return DeployError(
        "Docker Engine does not answer, so no image can be built. Start Docker, then try again."
    )


def refused(what: str, done: subprocess.CompletedProcess[str], advice: str = "") -> DeployError:
    said = [line for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()]
    if any(NO_ENGINE.search(line) for line in said):
        return no_engine()
    errors = [line for line in said if "WARNING" not in line]
    return DeployError(f"{what}: {(errors or said or ['no reason given'])[0].strip().rstrip('.')}{advice}")


def _no_command() -> DeployError:
    return DeployError("The docker command is not installed, so no image can be built. Install Docker.")
