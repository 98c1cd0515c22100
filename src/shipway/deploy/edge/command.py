"""A command of the user's own on this machine, its output line by line."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Callable, Mapping

from shipway.deploy.errors import DeployError

LAST_LINES = 20


def run_command(
    words: tuple[str, ...], folder: str, variables: Mapping[str, str], emit: Callable[[str], None]
) -> tuple[int, tuple[str, ...]]:
    """Its exit code and its last lines. Without a shell: a word is a word, whatever is in it."""
    last: deque[str] = deque(maxlen=LAST_LINES)
    try:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise DeployError(f"The command {words[0]} cannot be run in {folder}: {error.strerror}.") from None
    try:
        assert process.stdout is not None
        for line in process.stdout:
            last.append(line.rstrip("\n"))
            emit(last[-1])
        return process.wait(), tuple(last)
    finally:
        # Left early (Ctrl-C), it must not go on behind the user's back.
        if process.poll() is None:
            process.terminate()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
