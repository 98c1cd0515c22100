"""How quickly `shipway --help` and `shipway local up` answer, and what an idle local ECS costs."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from bench.measure import Figure, median

IDLE_S = 20.0
TICKS = os.sysconf("SC_CLK_TCK")


def help_time(shipway: str) -> Figure:
    took = []
    for _ in range(11):
        started = time.perf_counter()
        subprocess.run([shipway, "--help"], check=True, capture_output=True)
        took.append(time.perf_counter() - started)
    milliseconds = median(took) * 1000
    return Figure(
        "shipway --help, median of 11", f"{milliseconds:.0f} ms", "", "", "under 150 ms", milliseconds < 150
    )


def up_time(seconds: float) -> Figure:
    return Figure("local up, three instances, ready", f"{seconds:.2f} s", "", "", "under 5 s", seconds < 5)


def idle(root_pid: int) -> list[Figure]:
    """CPU and memory of the control plane and all its children over a quiet while."""
    family = processes_below(root_pid)
    before = sum(cpu_ticks(pid) for pid in family)
    started = time.perf_counter()
    time.sleep(IDLE_S)
    share = (sum(cpu_ticks(pid) for pid in family) - before) / TICKS / (time.perf_counter() - started) * 100
    memory = sum(proportional_mib(pid) for pid in family)
    return [
        Figure(
            f"idle, three instances, over {IDLE_S:.0f} s",
            f"{share:.1f} % of one core",
            "",
            "",
            "under 3 %",
            share < 3,
        ),
        Figure(
            f"memory of {len(family)} processes (PSS)",
            f"{memory:.0f} MiB",
            "",
            "",
            "under 400 MiB",
            memory < 400,
        ),
    ]


def processes_below(root_pid: int) -> list[int]:
    parents = {
        int(entry.name): int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit()
    }
    family = [root_pid]
    for pid in family:
        family.extend(child for child, parent in parents.items() if parent == pid)
    return family


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def proportional_mib(pid: int) -> float:
    """Shared pages count once: each process bears its share of them."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1]) / 1024
