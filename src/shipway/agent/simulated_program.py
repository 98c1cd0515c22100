"""What a simulated container does: a very small shell, enough for tests and for simulated fleets. Pure.

    echo TEXT | sleep SECONDS | exit CODE | trap '' TERM | trap 'exit CODE' TERM
    load PERCENT (of one core, while it runs) | hold MIB (of memory)
joined by `;`, as `["sh", "-c", "..."]`. Any other command runs until it is stopped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

TRAP = re.compile(r"trap '(?:exit (\d+))?' TERM")


class Program(msgspec.Struct, frozen=True):
    lines: tuple[str, ...] = ()
    runs_ms: int | None = None  # None: until it is stopped
    exit_code: int = 0
    on_term: int | None = 143  # the exit code after SIGTERM; None: ignored
    cpu_percent: float = 0.0
    memory_mib: float = 1.0


def program_of(command: Sequence[str]) -> Program:
    words = list(command)
    script = words[-1] if len(words) >= 2 and words[-2] == "-c" else " ".join(words)
    lines: list[str] = []
    runs_ms: int | None = 0
    exit_code, on_term = 0, 143  # type: int, int | None
    cpu_percent, memory_mib = 0.0, 1.0
    for statement in (part.strip() for part in script.split(";")):
        verb, _, rest = statement.partition(" ")
        trap = TRAP.fullmatch(statement)
        if trap:
            on_term = int(trap[1]) if trap[1] else None
        elif verb.endswith("echo"):
            lines.append(rest)
        elif verb.endswith("sleep") and runs_ms is not None:
            runs_ms += round(float(rest) * 1000)
        elif verb == "load":
            cpu_percent = float(rest)
        elif verb == "hold":
            memory_mib = float(rest)
        elif verb == "exit":
            exit_code = int(rest or 0)
            break
        else:
            runs_ms = None
    return Program(tuple(lines), runs_ms, exit_code, on_term, cpu_percent, memory_mib)
