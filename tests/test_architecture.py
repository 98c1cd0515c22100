"""The arrows between the rooms, and the purity of the pure ones."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "shipway"


@pytest.fixture
def contracts() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    return parser


def test_imports_follow_the_arrows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every room imports only what its contract allows."""
    monkeypatch.chdir(ROOT)
    broken = lint_imports(config_filename=".importlinter", cache_dir=None, no_cache=True, no_logo=True)
    assert broken == 0, capsys.readouterr().out


def test_every_room_has_its_arrows(contracts: configparser.ConfigParser) -> None:
    """A new room cannot be added without saying what it may import; `cli` may import everything."""
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    with_arrows = {name.removeprefix("importlinter:contract:") for name in contracts.sections()}
    assert rooms - {"cli"} <= with_arrows


def test_every_render_and_step_file_is_declared_pure(contracts: configparser.ConfigParser) -> None:
    """What is named for being pure (`render*.py`, `steps*.py`) is held to it."""
    declared = set(contracts["importlinter:contract:pure"]["source_modules"].split())
    named = {
        ".".join(("shipway", *path.relative_to(SOURCE).with_suffix("").parts))
        for pattern in ("*/render*.py", "*/steps*.py")
        for path in SOURCE.glob(pattern)
    }
    assert named <= declared
