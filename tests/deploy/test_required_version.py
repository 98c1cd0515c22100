"""`requires:` and the languages in which an application file may be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipway import __version__
from shipway.deploy.application.reading import find, read_application
from shipway.deploy.application.required_version import complaint_about
from shipway.deploy.errors import DeployError

DEFINITION = "task_definition: {containerDefinitions: [{name: web, image: shop/web, memory: 64}]}\n"


@pytest.mark.parametrize(
    ("written", "version", "fits"),
    [
        (">=0.1,<1", "0.1.0", True),
        (">= 0.1 , < 1", "0.9.9", True),
        ("<1", "1.0.0", False),
        ("<1", "1.0.0rc1", False),
        ("==0.1", "0.1.0", True),
        ("!=0.1.0", "0.1", False),
        (">0.9", "0.10", True),
    ],
)
def test_ranges(written: str, version: str, fits: bool) -> None:
    """Compared number by number."""
    assert (complaint_about(written, version) is None) == fits


def test_a_file_for_another_version_is_refused_before_its_keys(tmp_path: Path) -> None:
    """A key of that version's would only look like a mistake."""
    file = tmp_path / "shipway.yml"
    file.write_text(f"{DEFINITION}new_key: 1\nrequires: '>=99'\n")
    expected = rf"shipway\.yml:3: this file requires Shipway >=99, and this is {__version__}\."
    with pytest.raises(DeployError, match=expected):
        read_application(file, None, {})
    file.write_text(f"{DEFINITION}requires: '>=0.1,<1'\n")
    assert read_application(file, None, {}).family


@pytest.mark.parametrize("written", ["0.1", "latest", ">=", 1])
def test_what_is_no_range_is_refused(written: object) -> None:
    """With how to write one."""
    assert 'write a range of versions such as ">=0.1,<1"' in str(complaint_about(written, "0.1.0"))


def test_toml(tmp_path: Path) -> None:
    """Found, read, and what is wrong in it is said."""
    file = tmp_path / "shipway.toml"
    file.write_text(
        'name = "shop"\n[[task_definition.containerDefinitions]]\nname = "web"\nimage = "shop/web:${TAG}"\n'
        "memory = 64\n"
        "[environments.prod.service]\ndesiredCount = 4\n"
    )
    assert find(tmp_path) == file
    application = read_application(file, "prod", {"TAG": "3"})
    assert application.task_definition["containerDefinitions"][0]["image"] == "shop/web:3"
    assert application.service["desiredCount"] == 4
    file.write_text("name = \n")
    with pytest.raises(DeployError, match=r"shipway\.toml: this is not TOML: "):
        read_application(file, None, {})
