"""`make demo`, and what the README shows of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.docker
ROOT = Path(__file__).parents[2]
CHANGING = re.compile(r"\b[0-9a-f]{8,}\b|\d+(\.\d+)? ?s\b|(?<=:)\d{4,5}\b|(?<=tasks: ).*")


def alike(line: str) -> str:
    """Without what is different each time: ids, lengths of time, ports, which tasks."""
    return CHANGING.sub("?", line).rstrip()


def transcript() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = text.partition("```console\n$ VERSION=1")[2].partition("$ echo $?")[0].splitlines()[1:]
    return [line for line in shown if line.strip() not in ("", "...")]


def test_the_demo_must_print_what_the_readme_shows(base_image: None) -> None:
    """All its steps, and each line of the README's transcript among what it prints."""
    ran = subprocess.run(
        [sys.executable, ROOT / "scripts" / "demo.py"], capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    printed = {alike(line) for line in (ran.stdout + ran.stderr).splitlines()}
    shown = transcript()
    assert len(shown) > 20
    assert [line for line in shown if alike(line) not in printed] == []
