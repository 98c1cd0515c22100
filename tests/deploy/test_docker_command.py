"""The docker command at its edge."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.deploy.edge.docker import DockerCommand
from shipway.deploy.edge.ecr import RegistryLogin
from shipway.deploy.errors import DeployError
from shipway.deploy.planning.actions import BuildImage


def build_action(**members: str | None) -> BuildImage:
    defaults: dict[str, str | None] = {"context": ".", "dockerfile": None, "target": None, "platform": None}
    chosen = {**defaults, **members}
    return BuildImage(
        container="web",
        context=str(chosen["context"]),
        dockerfile=chosen["dockerfile"],
        target=chosen["target"],
        platform=chosen["platform"],
        args=(("GREETING", "hello there"),),
        reason="a test",
    )


def silent(line: str) -> None:
    return


@pytest.fixture
def removed() -> Iterator[list[str]]:
    """Images named here are gone after the test."""
    references: list[str] = []
    yield references
    if references:
        subprocess.run(["docker", "image", "rm", "-f", *references], capture_output=True, check=True)


@pytest.mark.docker
def test_image_is_built_with_its_arguments(tmp_path: Path, removed: list[str]) -> None:
    """From nothing but a file; the id is Docker's own, and the argument reached the build."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nARG GREETING\nLABEL greeting=$GREETING\nCOPY f /f\n")
    (tmp_path / "f").write_text("x")
    docker = DockerCommand()
    one = docker.build(build_action(), str(tmp_path), silent)
    removed.append(one)
    assert one.startswith("sha256:")
    assert docker.build(build_action(), str(tmp_path), silent) == one


@pytest.mark.docker
def test_image_that_does_not_build_shows_its_last_lines(tmp_path: Path) -> None:
    """The sentence names the container, the details are docker's own."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY there-is-no-such-file /\n")
    with pytest.raises(DeployError, match="The image of web does not build") as raised:
        DockerCommand().build(build_action(), str(tmp_path), silent)
    assert any("there-is-no-such-file" in line for line in raised.value.details)


def test_missing_context_is_named(tmp_path: Path) -> None:
    """Before docker is asked."""
    with pytest.raises(DeployError, match="is not a folder"):
        DockerCommand().build(build_action(context="gone"), str(tmp_path), silent)


def test_missing_docker_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No command on the path."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeployError, match="docker command is not installed"):
        DockerCommand().build(build_action(), str(tmp_path), silent)


def test_silent_engine_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is there, the engine is not."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    with pytest.raises(DeployError, match="Docker Engine does not answer"):
        DockerCommand().build(build_action(), str(tmp_path), silent)


@pytest.mark.docker
def test_registry_that_refuses_is_one_sentence(tmp_path: Path, removed: list[str]) -> None:
    """Nothing listens there; the password shows nowhere."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    docker = DockerCommand()
    image = docker.build(build_action(), str(tmp_path), silent)
    removed.append(image)
    login = RegistryLogin("127.0.0.1:9", "AWS", "the-secret")
    with pytest.raises(DeployError, match=r"The registry 127\.0\.0\.1:9 refused the login") as raised:
        docker.push(image, "127.0.0.1:9/shipway-test-refused:1", login)
    assert "the-secret" not in raised.value.sentence + repr(login)
