"""Images are pulled before they are asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shipway.deploy.application.application import Image
from shipway.deploy.edge.ecr import RegistryLogin
from shipway.deploy.edge.progress import PlainProgress
from shipway.rehearsal.images import images_needed, pull_ahead
from tests.rehearsal.builders import an_application

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
DOCKER = """\
#!/bin/sh
echo "$* ${DOCKER_CONFIG:+as somebody}" >> "$DOCKER_STORY"
case "$*" in
  *inspect*here*) exit 0;;
  *inspect*) exit 1;;
  *missing*) echo "manifest unknown" >&2; exit 1;;
esac
"""


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a docker command was asked that has images called here, and pulls any but those called missing."""
    command = tmp_path / "docker"
    command.write_text(DOCKER)
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("DOCKER_STORY", str(tmp_path / "story"))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    return tmp_path / "story"


def test_what_docker_has_is_not_pulled(story: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rest is, once; what cannot be is told, and no error here."""
    pull_ahead(["shop/here:1", "shop/web:2", "shop/web:2", "shop/missing:1"], None, PlainProgress())
    assert [line.strip() for line in story.read_text().splitlines() if line.startswith("pull")] == [
        "pull --quiet shop/web:2",
        "pull --quiet shop/missing:1",
    ]
    said = capsys.readouterr().err
    assert "pulled shop/web:2" in said
    assert "note: shop/missing:1 could not be pulled: manifest unknown" in said


def test_ecr_is_asked_with_its_own_login(story: Path) -> None:
    """Fetched once, and only for ECR; the password is not among the arguments."""
    logins = []

    def login() -> RegistryLogin:
        logins.append(1)
        return RegistryLogin(ECR, "AWS", "swordfish")

    pull_ahead(["busybox:1", f"{ECR}/web:1", f"{ECR}/api:1"], login, PlainProgress())
    told = story.read_text()
    assert len(logins) == 1
    assert f"pull --quiet {ECR}/web:1 as somebody" in told
    assert "as somebody" not in next(line for line in told.splitlines() if "pull --quiet busybox" in line)
    assert "swordfish" not in told


def test_what_is_built_is_not_needed() -> None:
    """Unless an image is given for it."""
    application = an_application({"name": "web"}, {"name": "log", "image": "log:1"})
    imageless = {"containerDefinitions": [{"name": "web"}, {"name": "log", "image": "log:1"}]}
    built = type(application)(name="web", task_definition=imageless, images={"web": Image()})
    assert images_needed(application, {}) == ["shop/web:1", "log:1"]
    assert images_needed(built, {}) == ["log:1"]
    assert images_needed(built, {"web": "web:7"}) == ["web:7", "log:1"]
