"""What a measurement is, and how a table of them is written."""

from __future__ import annotations

import os
import statistics
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One line of the table. `bound` is the promise, `met` whether this run kept it."""

    what: str
    ours: str
    theirs: str
    ratio: str
    bound: str
    met: bool


def median(values: list[float]) -> float:
    return statistics.median(values)


def machine() -> str:
    memory_kib = int(Path("/proc/meminfo").read_text().split()[1]) if Path("/proc/meminfo").exists() else 0
    return f"{os.cpu_count()} cores, {round(memory_kib / 2**20)} GiB of memory"


def load() -> float:
    """How many programs wanted a core during the last minute."""
    return os.getloadavg()[0]


def table(figures: list[Figure]) -> str:
    lines = ["| what | ours | compared with | ratio | bound | met |", "| --- | --- | --- | --- | --- | --- |"]
    lines += [
        f"| {f.what} | {f.ours} | {f.theirs} | {f.ratio} | {f.bound} | {'yes' if f.met else '**no**'} |"
        for f in figures
    ]
    return "\n".join(lines)
