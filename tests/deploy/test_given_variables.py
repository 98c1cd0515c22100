"""`--var` and `--envfile`: variables of shipway.yml for one command."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipway.deploy.edge.masking import SECRETS
from shipway.deploy.errors import UsageError
from shipway.deploy.opening import Choices, read_chosen

FILE = """\
name: shop
task_definition:
  containerDefinitions:
    - name: web
      image: "shop/web:${TAG}"
      memory: 64
      environment: [{name: A, value: "${A_PASSWORD:-none}"}]
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TAG", "environment")
    (tmp_path / "shipway.yml").write_text(FILE)
    (tmp_path / "one.env").write_text("TAG=one\nexport A_PASSWORD='swordfish1'\n")
    return str(tmp_path / "shipway.yml")


def image(config: str, tmp_path: Path, variables: tuple[str, ...], *files: str) -> str:
    choices = Choices(
        config=config, variables=variables, env_files=tuple(str(tmp_path / name) for name in files)
    )
    return str(read_chosen(choices).task_definition["containerDefinitions"][0]["image"])


def test_the_nearer_wins(config: str, tmp_path: Path) -> None:
    """The command line before a file, a file before the environment."""
    assert image(config, tmp_path, ()) == "shop/web:environment"
    assert image(config, tmp_path, (), "one.env") == "shop/web:one"
    assert image(config, tmp_path, ("TAG=two", "TAG=a=b"), "one.env") == "shop/web:a=b"


def test_a_secret_among_them_is_masked(config: str, tmp_path: Path) -> None:
    """As if it had been in the environment."""
    image(config, tmp_path, (), "one.env")
    assert "swordfish1" not in SECRETS.masked("it is swordfish1")


def test_what_cannot_be_read_is_wrong_usage(config: str, tmp_path: Path) -> None:
    """With the file's name, or how to write it."""
    with pytest.raises(UsageError, match=r"--envfile .*gone\.env cannot be read"):
        image(config, tmp_path, (), "gone.env")
    with pytest.raises(UsageError, match="'TAG' is not a variable; write NAME=VALUE"):
        image(config, tmp_path, ("TAG",))
