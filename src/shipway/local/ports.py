"""Loopback ports: taken or free, and by whom."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Set
from pathlib import Path

from shipway.local.settings import ADDRESS

LISTEN = "0A"  # the kernel's number for the state, in /proc/net/tcp


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
        return True


def free_port(promised: Set[int] = frozenset()) -> int:
    """A port nobody listens on, and that was not promised to anybody who does not listen yet."""
    while True:
        with socket.socket() as probe:
            probe.bind((ADDRESS, 0))
            port = int(probe.getsockname()[1])
        if port not in promised:
            return port


def free_pair_after(port: int) -> int:
    """The next port that is free together with its successor."""
    candidates = range(port + 10, min(port + 2000, 65534), 10)
    return next((p for p in candidates if is_free(p) and is_free(p + 1)), port)


def port_holder(port: int) -> str | None:
    """`program (process 123)` where /proc tells; None elsewhere, or when it is somebody else's process."""
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        if _open_files(folder) & inodes:
            return f"{(folder / 'comm').read_text().strip()} (process {folder.name})"
    return None


def _open_files(folder: Path) -> set[str]:
    """What is not there any more, or is not ours to look into, is left out."""
    files = set()
    try:
        links = os.listdir(folder / "fd")
    except OSError:
        return set()
    for link in links:
        with contextlib.suppress(OSError):
            files.add(os.readlink(folder / "fd" / link))
    return files


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    return inodes
