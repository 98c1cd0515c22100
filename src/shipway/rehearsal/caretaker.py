"""`python -m shipway.rehearsal.caretaker DIR`: clears up after a rehearsal that was killed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from shipway.rehearsal.signals import signals_wait


def main() -> int:
    with signals_wait():
        while sys.stdin.buffer.read(1):
            pass  # nothing is ever written: the end of the pipe is the end of the rehearsal
        path = Path(sys.argv[1])
        if path.is_dir():
            from shipway.rehearsal.lodging import clear

            clear(path, os.environ)
    return 0


if __name__ == "__main__":
    sys.exit(main())
