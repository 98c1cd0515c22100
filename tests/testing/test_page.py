"""The examples of docs/testing.md do what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shipway.simulator.scripts import Script
from shipway.testing.containers import ScriptMembers

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_runs(example: str) -> None:
    """As it is printed."""
    exec(compile(example, str(PAGE), "exec"), {})


def test_the_page_has_examples() -> None:
    """One a section that shows code."""
    assert len(EXAMPLES) == 3


def test_every_member_of_a_script_is_typed_and_told() -> None:
    """What a container can be told is the same in the script, in the types and on the page."""
    members = set(Script.__struct_fields__)
    assert set(ScriptMembers.__annotations__) == members
    assert [member for member in members if f"`{member}`" not in PAGE.read_text(encoding="utf-8")] == []
