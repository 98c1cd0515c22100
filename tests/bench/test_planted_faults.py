"""The faults that the mutation study plants."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bench.fault import Fault
from bench.planted_faults import FAULTS, planted, promise_of


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_can_be_planted(tmp_path: Path, fault: Fault) -> None:
    """Its text still stands once in the source, and what it becomes is still a program."""
    planted(fault, tmp_path)
    text = (tmp_path / "shipway" / fault.file).read_text()
    assert fault.new in text
    ast.parse(text)


def test_a_text_that_is_gone_is_said(tmp_path: Path) -> None:
    """By the fault's name."""
    with pytest.raises(ValueError, match=r"^lost: its text stands 0 times in scheduler/rolling\.py"):
        planted(Fault("lost", "scheduler/rolling.py", "no such text", ""), tmp_path)


def test_the_promise_that_broke_is_named() -> None:
    """As the simulator names it."""
    assert promise_of("maximum percent is kept: web-1 has 5 live tasks") == "maximum percent is kept"
    assert promise_of("not steady 45 min after healing:") == "comes to rest"
