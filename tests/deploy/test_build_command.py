"""Which command builds an image, with BuildKit and without; and a scripted docker that shows it in use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from shipway.deploy.edge.docker import DockerCommand
from shipway.deploy.edge.ecr import RegistryLogin
from shipway.deploy.errors import DeployError
from shipway.deploy.planning.actions import BuildImage, BuildSecret
from shipway.deploy.planning.build_command import build_command

DIGEST = "sha256:" + "d" * 64
# Writes down what it is called with; builds by writing an id, pushes by naming a digest.
SCRIPT = """#!/bin/sh
echo "$@ | config=${DOCKER_CONFIG:+own}" >> "$CALLS"
[ "$1 $2" = "buildx version" ] && exit ${NO_BUILDX:-0}
[ "$1" = login ] && cat > /dev/null
while [ $# -gt 0 ]; do
  [ "$1" = --iidfile ] && printf sha256:abc > "$2"
  [ "$1" = --metadata-file ] && printf '{"containerimage.digest": "%s"}' "$DIGEST" > "$2"
  [ "$1" = push ] && echo "1: digest: $DIGEST size: 1"
  shift
done
exit 0
"""


def action(**members: Any) -> BuildImage:
    defaults = {
        "container": "web",
        "context": ".",
        "dockerfile": None,
        "target": None,
        "platform": None,
        "args": (),
    }
    return BuildImage(**{**defaults, "reason": "a test", **members})


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the scripted docker, alone on the path before the system's, writes its calls."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "docker").write_text(SCRIPT)
    (folder / "docker").chmod(0o755)
    kept = tmp_path / "calls"
    for name, value in {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "CALLS": str(kept),
        "DIGEST": DIGEST,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    return kept


def said(calls: Path) -> list[str]:
    return calls.read_text().splitlines()


def silent(line: str) -> None:
    return


def test_every_key_has_its_option() -> None:
    """Names only: no value of an argument or of a secret."""
    command = build_command(
        action(
            dockerfile="docker/web",
            target="release",
            platform="linux/arm64",
            args=(("TOKEN", "sesame"),),
            secrets=(BuildSecret("npm", "NPM_TOKEN", None), BuildSecret("key", None, "secret/key")),
            cache_from=("type=registry,ref=r/web:cache",),
            cache_to=("type=inline",),
        ),
        "/app",
        buildx=True,
    )
    assert " ".join(command) == (
        "docker buildx build -f /app/./docker/web --target release --platform linux/arm64 --build-arg TOKEN "
        "--secret id=npm,env=NPM_TOKEN --secret id=key,src=/app/secret/key "
        "--cache-from type=registry,ref=r/web:cache --cache-to type=inline"
    )


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"secrets": (BuildSecret("a", "A", None),)}, r"images\.web\.secrets: needs BuildKit"),
        ({"cache_to": ("type=inline",)}, r"images\.web\.cache_to: needs BuildKit"),
        ({"platform": "linux/amd64,linux/arm64"}, r"images\.web\.platform: several platforms need BuildKit"),
    ],
)
def test_what_only_buildkit_can_do_is_refused_without_it(members: dict[str, Any], sentence: str) -> None:
    """Never left out in silence: an image without its secret would be another."""
    with pytest.raises(DeployError, match=sentence):
        build_command(action(**members), "/app", buildx=False)


def test_classic_builder_leaves_no_container_behind() -> None:
    """BuildKit has none to leave."""
    assert build_command(action(), "/app", buildx=False) == ["docker", "build", "--force-rm"]


def test_buildkit_loads_the_image(tmp_path: Path, calls: Path) -> None:
    """One platform: it is in Docker Engine afterwards, under its id."""
    assert DockerCommand().build(action(), str(tmp_path), silent) == "sha256:abc"
    assert said(calls)[1].startswith("buildx build --load --iidfile ")


def test_classic_builder_without_buildx(tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has no plugin builds as ever."""
    monkeypatch.setenv("NO_BUILDX", "1")
    DockerCommand().build(action(), str(tmp_path), silent)
    assert said(calls)[1].startswith("build --force-rm --iidfile ")


def test_several_platforms_are_pushed_from_the_cache(tmp_path: Path, calls: Path) -> None:
    """Built first, so that what does not build leaves nothing; logged in apart from the user's own config."""
    docker = DockerCommand()
    image_id = docker.build(action(platform="linux/amd64,linux/arm64"), str(tmp_path), silent)
    login = RegistryLogin("r.example", "AWS", "sesame")
    assert docker.push(image_id, "r.example/web:1", login) == DIGEST
    built, logged_in, pushed = said(calls)[1:]
    platforms = "--platform linux/amd64,linux/arm64"
    assert built == f"buildx build {platforms} --output type=cacheonly {tmp_path} | config="
    assert logged_in == "login -u AWS --password-stdin r.example | config=own"
    assert pushed.startswith(f"buildx build {platforms} --push -t r.example/web:1 --metadata-file ")
    assert pushed.endswith(f"{tmp_path} | config=own")
    assert "sesame" not in calls.read_text()


@pytest.mark.parametrize(
    ("secret", "sentence"),
    [
        (BuildSecret("npm", "SHIPWAY_NOT_SET", None), "the environment has no variable SHIPWAY_NOT_SET"),
        (BuildSecret("npm", None, "nowhere"), "there is no file nowhere beside shipway.yml"),
    ],
)
def test_missing_secret_is_named(tmp_path: Path, calls: Path, secret: BuildSecret, sentence: str) -> None:
    """Before docker is asked."""
    with pytest.raises(DeployError, match=rf"images\.web\.secrets\.npm: {sentence}"):
        DockerCommand().build(action(secrets=(secret,)), str(tmp_path), silent)
    assert not calls.exists()
