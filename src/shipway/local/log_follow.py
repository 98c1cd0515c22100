"""`shipway local logs`: the control plane's and the agents' own logs, merged as they grow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from shipway.local.folder import DataFolder

LOOK_EVERY_S = 0.2
READ_BYTES_MAX = 1024 * 1024


class LogLine(msgspec.Struct, frozen=True):
    source: str
    text: str


def log_files(folder: DataFolder) -> dict[str, Path]:
    """Every log of the installation by the name of who writes it."""
    files = {
        "control-plane": folder.log_file,
        "registry": folder.registry / "registry.log",
        "load-balancer": folder.envoy / "envoy.log",
    }
    agents = sorted(folder.instances.glob("*/agent.log"))
    return {name: path for name, path in files.items() if path.exists()} | {p.parent.name: p for p in agents}


def read_tail(folder: DataFolder, lines: int) -> Iterator[LogLine]:
    """The last lines of each log, one log after the other: their clocks are one, their formats are not."""
    for source, path in log_files(folder).items():
        for text in Tail(path, lines_back=lines).read():
            yield LogLine(source, text)


def follow(folder: DataFolder, lines: int) -> Iterator[LogLine]:
    """The last lines, then every new one, until interrupted. Logs that appear later are taken up."""
    tails: dict[str, Tail] = {}
    while True:
        for source, path in log_files(folder).items():
            tail = tails.setdefault(source, Tail(path, lines_back=lines))
            for text in tail.read():
                yield LogLine(source, text)
        time.sleep(LOOK_EVERY_S)


class Tail:
    """One growing file; when it was replaced by a shorter one, that one is read from its start."""

    def __init__(self, path: Path, lines_back: int) -> None:
        self._path = path
        self._partial = b""
        self._position = start_of_last_lines(path, lines_back)

    def read(self) -> list[str]:
        with open(self._path, "rb") as file:
            if file.seek(0, 2) < self._position:
                self._position, self._partial = 0, b""
            file.seek(self._position)
            content = file.read(READ_BYTES_MAX)
            self._position = file.tell()
        *whole, self._partial = (self._partial + content).split(b"\n")
        return [line.decode(errors="replace") for line in whole]


def start_of_last_lines(path: Path, lines: int) -> int:
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        start = max(0, size - READ_BYTES_MAX)
        file.seek(start)
        content = file.read()
    kept = content.split(b"\n")[-lines - 1 :]
    return size - len(b"\n".join(kept))
