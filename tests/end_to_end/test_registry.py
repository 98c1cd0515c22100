"""The local ECR is one that Docker can log in to, push to and pull from; and tasks run what was pushed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.local_ecs import IMAGE, LocalEcs

pytestmark = pytest.mark.docker


def test_docker_must_log_in_push_and_pull(local: LocalEcs, tmp_path: Path) -> None:
    """As ECR's own page tells it: get-login-password, docker login, tag, push; ECR then lists the image."""
    ecr = local.client("ecr")
    uri = ecr.create_repository(repositoryName="team/page")["repository"]["repositoryUri"]
    image = f"{uri}:1.0"
    own = {"DOCKER_CONFIG": str(tmp_path)}
    password = local.aws("ecr", "get-login-password")
    registry = uri.split("/")[0]
    login = ("docker", "login", "--username", "AWS", "--password-stdin", registry)
    assert "Login Succeeded" in local.command(*login, given=password, **own)
    local.command("docker", "tag", IMAGE, image)
    local.command("docker", "push", image, **own)
    (shown,) = ecr.describe_images(repositoryName="team/page")["imageDetails"]
    assert shown["imageTags"] == ["1.0"]
    assert shown["imageSizeInBytes"] > 0
    local.command("docker", "image", "rm", image)
    assert shown["imageDigest"] in local.command("docker", "pull", image, **own)
    local.command("docker", "image", "rm", image)

    container = {"name": "main", "image": image, "command": ["sh", "-c", "exit 6"]}
    ended = local.finished(local.register("pushed", container))
    assert ended["main"]["exitCode"] == 6, ended
    assert ended["main"]["imageDigest"] == shown["imageDigest"]
    local.command("docker", "image", "rm", "--force", image)


def test_wrong_password_must_be_refused(local: LocalEcs, tmp_path: Path) -> None:
    """The registry holds what runs here: nobody pushes without the token."""
    registry = local.client("ecr").get_authorization_token()["authorizationData"][0]["proxyEndpoint"]
    login = ("docker", "login", "--username", "AWS", "--password-stdin", registry.removeprefix("http://"))
    with pytest.raises(AssertionError, match=r"(?i)unauthorized"):
        local.command(*login, given="wrong", DOCKER_CONFIG=str(tmp_path))
