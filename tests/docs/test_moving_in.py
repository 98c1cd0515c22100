"""docs/moving-in.md says of each source what its importer says of itself."""

from __future__ import annotations

import importlib

import pytest

from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "moving-in.md"
# The page's heading -> the importer.
SOURCES = {
    "A running service": "running_service",
    "An ecspresso configuration": "ecspresso",
    "A Copilot manifest": "copilot",
    "A deployfish.yml": "deployfish",
    "A GitHub workflow": "workflow",
    "A compose file": "compose",
}


def tables(heading: str) -> list[dict[str, str]]:
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found: list[dict[str, str]] = []
    for part in section.split("\n\n"):
        if part.startswith("| "):
            rows = [line.strip("| ").split(" | ", 1) for line in part.splitlines()[2:]]
            found.append(dict(rows))
    return found


@pytest.mark.parametrize("heading", SOURCES)
def test_the_page_says_what_the_importer_says(heading: str) -> None:
    """What is carried over, and what is not and why."""
    importer = importlib.import_module(f"shipway.deploy.importing.{SOURCES[heading]}")
    assert tables(heading) == [importer.CARRIED, importer.NOT_CARRIED]
