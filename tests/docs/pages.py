"""The pages of the documentation, and what they say in code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DESIGN = ROOT / "docs" / "design"
PAGES = [README, ROOT / "CHANGELOG.md", ROOT / "bench" / "RESULTS.md", *sorted((ROOT / "docs").rglob("*.md"))]

LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
INLINE_CODE = re.compile(r"`([^`\n]+)`")
CONSOLE_LINE = re.compile(r"^\$ (.*)$", re.MULTILINE)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def links(page: Path) -> Iterator[str]:
    """The targets of its relative links, without their anchors."""
    for match in LINK.finditer(text_of(page)):
        target = match["target"].partition("#")[0]
        if target and "://" not in target:
            yield target


def code(page: Path) -> list[str]:
    """What stands in backticks, and what is typed in its consoles."""
    text = text_of(page)
    return INLINE_CODE.findall(text) + CONSOLE_LINE.findall(text)


def table(page: Path, heading: str) -> list[list[str]]:
    """The cells of the first table after a line that starts with `heading`, without its title rows."""
    lines = text_of(page).splitlines()
    below = lines[next(number for number, line in enumerate(lines) if line.startswith(heading)) :]
    first = next(number for number, line in enumerate(below) if line.startswith("|"))
    rows = []
    for line in below[first:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows[2:]
