"""Images built, pushed and registered by verbs of their own; what the registry has of a commit stays."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from shipway.deploy.application.application import Image, ImageSecret
from shipway.deploy.building import build, push, register
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.deployment import deploy
from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.plan import plan_application
from shipway.deploy.planning.images import commit_tag, image_wishes, plan_images

from .fakes import World
from .hello import application

COMMITTED = "sha256:" + "c" * 64


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder that is exactly at a commit."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True, capture_output=True)
    return tmp_path


def of_commit(folder: Path, **image: Any) -> Any:
    return application(images={"web": Image(**image)}, folder=str(folder))


def has_pushed(world: World) -> None:
    """The registry has whatever tag is asked for."""
    world.ecr.repositories.append("hello")
    world.ecr.answers["DescribeImages"] = lambda members: {"imageDetails": [{"imageDigest": COMMITTED}]}


def test_a_commit_that_was_pushed_is_not_built_again(repository: Path) -> None:
    """The deployment takes its digest, and says so."""
    world = World()
    has_pushed(world)
    outcome = deploy(of_commit(repository), world.aws, world.tools, DeployOptions())
    assert (outcome.verdict.value, world.docker.built, world.docker.pushed) == ("deployed", [], [])
    [registered] = world.ecs.requests("RegisterTaskDefinition")
    assert registered["containerDefinitions"][0]["image"] == f"127.0.0.1:4701/hello@{COMMITTED}"
    assert any("is in the registry (--rebuild builds it again)" in line for line in world.progress.lines)


@pytest.mark.parametrize("choice", [{"rebuild": True}, {"tag": "1"}])
def test_what_may_be_another_image_is_built(repository: Path, choice: dict[str, Any]) -> None:
    """A tag of the user's may be moved, and --rebuild says it in words."""
    world = World()
    has_pushed(world)
    deploy(of_commit(repository), world.aws, world.tools, DeployOptions(**choice))
    assert len(world.docker.built) == len(world.docker.pushed) == 1


def test_changed_folder_is_built_and_pushed_once(repository: Path) -> None:
    """No clean commit: the tag is the content's, and what the registry has of it is not pushed again."""
    (repository / "Dockerfile").write_text("FROM scratch\nLABEL a=b\n")
    world = World()
    has_pushed(world)
    made = push(of_commit(repository), world.aws, world.tools, DeployOptions())
    assert made.images == {"web": f"127.0.0.1:4701/hello@{COMMITTED}"}
    assert (len(world.docker.built), world.docker.pushed) == (1, [])


def test_plan_knows_that_nothing_is_built(repository: Path) -> None:
    """Its steps are the deployment's own."""
    world = World()
    has_pushed(world)
    told = plan_application(of_commit(repository), world.aws, DeployOptions()).text()
    assert "build the image" not in told
    assert "this commit's image is in the registry already and is not built again" in told
    assert (
        "build the image"
        in plan_application(of_commit(repository), world.aws, DeployOptions(rebuild=True)).text()
    )


def test_two_builds_of_one_commit_are_two_images() -> None:
    """The tag tells arguments, target and platform apart; a plain build has the commit alone."""
    ways = [Image(), Image(args={"A": "1"}), Image(args={"A": "2"}), Image(target="t"), Image(platform="p/q")]
    tags = [commit_tag("0123abcd", image) for image in ways]
    assert tags[0] == "0123abcd"
    assert len(set(tags)) == len(ways)
    assert commit_tag("0123abcd", Image(args={"A": "1"})) == tags[1]


def test_build_asks_aws_nothing(repository: Path) -> None:
    """It ends with the image's id."""
    world = World()
    made = build(of_commit(repository), world.tools, DeployOptions())
    assert made.text() == "web: sha256:" + "ab" * 32
    assert (world.ecr.operations(), world.ecs.operations()) == ([], [])


def test_register_makes_a_revision_once() -> None:
    """The second time nothing has changed."""
    world = World()
    first = register(application(), world.aws, world.tools, DeployOptions(tag="1"))
    again = register(application(), world.aws, world.tools, DeployOptions(tag="1"))
    assert first.registered and not again.registered
    assert first.task_definition == again.task_definition
    assert again.text().endswith("hello:1 (unchanged; no revision was made)")
    assert world.ecs.requests("CreateService") == []


def test_several_platforms_need_a_tag() -> None:
    """Docker Engine has no such image whose content could be its tag."""
    several = application(images={"web": Image(platform="linux/amd64,linux/arm64")})
    with pytest.raises(UsageError, match="several platforms needs a tag: give -t TAG"):
        image_wishes(several, None, {}, {})


@pytest.mark.parametrize("secret", [ImageSecret(), ImageSecret(env="A", file="b")])
def test_a_secret_has_one_source(secret: ImageSecret) -> None:
    """Named by its key."""
    wishes = image_wishes(application(images={"web": Image(secrets={"token": secret})}), "1", {}, {})
    with pytest.raises(DeployError, match=r"images\.web\.secrets\.token: write env: or file:"):
        plan_images(wishes, ())
