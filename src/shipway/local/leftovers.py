"""Processes that a killed control plane left behind: found by what they run and the data folder they name."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = {"envoy", "docker-registry", "registry"}
MODULES = {"shipway.agent", "shipway.local.control_plane"}
GRACE_S = 3.0
LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Leftover:
    pid: int
    arguments: tuple[str, ...]

    @property
    def name(self) -> str:
        """The program's, or the module's that Python runs."""
        return next((word for word in self.arguments if word in MODULES), Path(self.arguments[0]).name)


def is_ours(arguments: tuple[str, ...], folder: Path) -> bool:
    """A program that we start, with this data folder among its arguments: no editor open on a log."""
    program = Path(arguments[0]).name if arguments else ""
    runs_ours = program in PROGRAMS or bool(MODULES & set(arguments))
    names_folder = any(word == str(folder) or f"{folder}/" in word for word in arguments)
    return runs_ours and names_folder


def find_leftovers(folder: Path) -> list[Leftover]:
    return [
        Leftover(pid, arguments)
        for pid, arguments in _processes()
        if pid != os.getpid() and is_ours(arguments, folder)
    ]


def end_leftovers(folder: Path, spared: frozenset[str] = frozenset()) -> list[Leftover]:
    """SIGTERM, and SIGKILL for what is still there after a moment. Returns what was ended."""
    found = [leftover for leftover in find_leftovers(folder) if leftover.name not in spared]
    for leftover in found:
        _signal(leftover.pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    remaining = found
    while remaining and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)  # they are not our children: their end cannot be waited for
        alive = {leftover.pid for leftover in find_leftovers(folder)}
        remaining = [leftover for leftover in remaining if leftover.pid in alive]
    for leftover in remaining:
        _signal(leftover.pid, signal.SIGKILL)
    return found


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _processes() -> Iterator[tuple[int, tuple[str, ...]]]:
    if Path("/proc/self/cmdline").exists():
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            yield int(folder.name), tuple(os.fsdecode(command).rstrip("\0").split("\0"))
        return
    listing = subprocess.run(
        ["ps", "-axo", "pid=,command="], capture_output=True, text=True, timeout=10, check=False
    )
    for line in listing.stdout.splitlines():
        pid, _, words = line.strip().partition(" ")
        yield int(pid), tuple(words.split())
