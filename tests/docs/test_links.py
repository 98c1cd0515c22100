"""What the pages point to is there."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.docs.pages import DESIGN, PAGES, README, ROOT, code, links, name_of

SOURCE_FILE = re.compile(r"[\w./<>-]+\.(py|sh)")
FOLDERS = ("src", "tests", "scripts", "bench", "examples")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    """A link names a file or folder that exists, seen from its page."""
    assert [target for target in links(page) if not (page.parent / target).exists()] == []


def test_every_design_page_is_linked_from_the_readme() -> None:
    """A page that nobody finds is not written for anybody."""
    linked = {(ROOT / target).resolve() for target in links(README)}
    assert [name_of(page) for page in sorted(DESIGN.glob("*.md")) if page.resolve() not in linked] == []


def source_files() -> list[str]:
    files = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.*"))
    return [str(path) for path in files if path.suffix in (".py", ".sh")]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_source_file_that_a_page_names_exists(page: Path) -> None:
    """`store/kinds.py` is the end of a file's path; in `api/<service>/<noun>.py` anything may stand for
    what is in angle brackets.
    """
    files = source_files()
    named = [word for word in code(page) if SOURCE_FILE.fullmatch(word)]
    patterns = {word: "*/" + re.sub(r"<\w+>", "*", word) for word in named}
    assert [
        word for word, pattern in patterns.items() if not any(fnmatch(file, pattern) for file in files)
    ] == []
