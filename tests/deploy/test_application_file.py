"""shipway.yml and the ECS JSON beside it: what is read, and how bad input is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shipway.deploy.application.application import Application
from shipway.deploy.application.reading import locate, read_application
from shipway.deploy.errors import DeployError

GOOD = """\
cluster: hello
images:
  web: .
task_definition: ecs-task-def.json
service:
  serviceName: hello
  desiredCount: 3
load_balancer: {container: web, container_port: 80}
x-anything: [is, free]
environments:
  production:
    cluster: big
    service: {desiredCount: "${COUNT:-5}"}
    task_definition:
      containerDefinitions:
        - {name: web, memory: 512}
"""
DEFINITION = {
    "family": "hello",
    "containerDefinitions": [
        {"name": "web", "memory": 64, "environment": [{"name": "LEVEL", "value": "${LEVEL:-info}"}]},
        {"name": "side", "image": "side:1", "memory": 32, "essential": False},
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shipway.yml").write_text(GOOD)
    (tmp_path / "ecs-task-def.json").write_text(json.dumps(DEFINITION, indent=1))
    return tmp_path


def read(folder: Path, environment: str | None = None, **variables: str) -> Application:
    return read_application(folder / "shipway.yml", environment, variables)


def complaint(folder: Path, old: str, new: str, environment: str | None = None) -> str:
    text = (folder / "shipway.yml").read_text()
    assert old in text
    (folder / "shipway.yml").write_text(text.replace(old, new))
    with pytest.raises(DeployError) as raised:
        read(folder, environment)
    return raised.value.sentence


def test_file_and_json_beside_it_are_read(folder: Path) -> None:
    """ECS's members come through verbatim, variables replaced."""
    application = read(folder, LEVEL="debug")
    assert application.service == {"serviceName": "hello", "desiredCount": 3}
    assert application.task_definition["containerDefinitions"][0]["environment"] == [
        {"name": "LEVEL", "value": "debug"}
    ]
    assert application.images["web"].context == "."
    assert application.warnings == ()


def test_environment_is_laid_over_the_base(folder: Path) -> None:
    """Mappings merge deeply, containers merge by name, and a variable's text becomes the number ECS wants."""
    application = read(folder, "production", COUNT="7")
    assert (application.cluster, application.service["desiredCount"]) == ("big", 7)
    containers = application.task_definition["containerDefinitions"]
    assert [(item["name"], item["memory"]) for item in containers] == [("web", 512), ("side", 32)]


def test_local_environment_is_built_in(folder: Path) -> None:
    """`-e local` needs no block in the file."""
    assert read(folder, "local").environment == "local"


def test_file_is_found_upwards(folder: Path) -> None:
    """A verb works from any folder below the file."""
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    assert locate(None, below) == folder / "shipway.yml"


def test_missing_file_is_said(tmp_path: Path) -> None:
    """Without a file the sentence says how to get one."""
    with pytest.raises(DeployError, match=r"no shipway\.yml in .* or above it\. Run `shipway init`"):
        locate(None, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("images:", "image:", "shipway.yml:2: unknown key 'image'. Did you mean 'images'?"),
        (
            "cluster: big",
            "clusterr: big",
            "shipway.yml:12: unknown key 'clusterr' under environments.production",
        ),
        (
            "container_port: 80",
            "container_port: http",
            "shipway.yml:8: load_balancer.container_port must be a whole number, not 'http'.",
        ),
        (
            "  web: .\n",
            "  web: {args: {LEVEL: [1]}}\n",
            "shipway.yml:3: images.web.args.LEVEL must be text, not a list.",
        ),
        (
            "  web: .\n",
            "  web: {context: ., tag: 1.10}\n",
            "shipway.yml:3: images.web.tag must be text, not 1.1. Write it in quotes.",
        ),
        (
            "cluster: hello",
            "cluster: hello\nbefore_deploy: migrate",
            "shipway.yml:2: before_deploy must be a list, not 'migrate'. Write [migrate].",
        ),
        (
            "cluster: hello",
            "cluster: hello\nafter_deploy: [smoke]",
            "shipway.yml:2: there is no task 'smoke' under tasks. There are none here.",
        ),
        (
            "cluster: hello",
            "cluster: hello\non_failure: roll-back",
            "shipway.yml:2: on_failure is 'roll-back'. Did you mean 'roll_back'?",
        ),
        (
            ", container_port: 80",
            "",
            "shipway.yml:8: load_balancer lacks 'container_port'.",
        ),
        (
            "cluster: hello",
            "cluster: hello\nhooks: {before_build:}",
            "shipway.yml:2: hooks.before_build must be a list, not empty.",
        ),
        ("  web: .\n", "  web: {contxt: .}\n", "shipway.yml:3: unknown key 'contxt' under images.web"),
        ("  web: .\n", "  wob: .\n", "lacks 'image', which ECS requires"),
        (
            "desiredCount: 3",
            "desiredCount: many",
            "shipway.yml:7: desiredCount must be a number, not 'many'.",
        ),
        ("desiredCount: 3", "desiredCount: 3\n  desiredCount: 4", "the key 'desiredCount' stands here twice"),
        ("cluster: hello", "cluster: [", "shipway.yml:3: this is not YAML"),
        ("ecs-task-def.json", "gone.json", "gone.json does not exist."),
        (
            "desiredCount: 3",
            "desiredCount: ${COUNT:?how many}",
            "shipway.yml:7: COUNT must be set: how many.",
        ),
        ("cluster: hello", "cluster: ${WHERE}", "shipway.yml:1: WHERE is not set"),
    ],
)
def test_bad_input_is_named_with_file_and_line(folder: Path, old: str, new: str, said: str) -> None:
    """Every mistake is one sentence with its place."""
    assert said in complaint(folder, old, new)


def test_a_name_that_is_left_empty_is_that_of_the_service(folder: Path) -> None:
    """As if the key were not there."""
    (folder / "shipway.yml").write_text("name:\n" + (folder / "shipway.yml").read_text())
    assert read(folder).name == "hello"


def test_unknown_environment_is_refused(folder: Path) -> None:
    """With the nearest one that there is."""
    with pytest.raises(
        DeployError, match=r"no environment 'prodution'\. Did you mean 'production'"
    ) as raised:
        read(folder, "prodution")
    assert raised.value.exit_code == 2


def test_json_that_is_not_json_is_refused(folder: Path) -> None:
    """With line and column."""
    (folder / "ecs-task-def.json").write_text('{"family": "hello",\n "containerDefinitions" []}')
    with pytest.raises(DeployError, match=r"ecs-task-def\.json:2: this is not JSON: Expecting ':'"):
        read(folder)


def test_missing_required_member_is_named(folder: Path) -> None:
    """The member, its container's place, and the likely misspelling."""
    (folder / "ecs-task-def.json").write_text(
        '{"containerDefinitions": [\n {"name": "web"},\n {"nmae": "side"}]}'
    )
    with pytest.raises(DeployError) as raised:
        read(folder)
    assert raised.value.sentence == (
        "ecs-task-def.json:3: containerDefinitions[1] lacks 'name', which ECS requires. "
        "Is 'nmae' meant to be it?"
    )


def test_unknown_ecs_member_passes_through(folder: Path) -> None:
    """ECS's JSON stays verbatim: what the SDK does not know is kept, and said."""
    (folder / "ecs-task-def.json").write_text(json.dumps({**DEFINITION, "futureThing": {"on": True}}))
    application = read(folder)
    assert application.task_definition["futureThing"] == {"on": True}
    assert "does not know member 'futureThing' of RegisterTaskDefinition" in application.warnings[0]


def test_described_definition_may_be_used_as_it_is(folder: Path) -> None:
    """The output of describe-task-definition is a fine file: read-only members are dropped."""
    described = {**DEFINITION, "taskDefinitionArn": "arn:1", "revision": 4, "status": "ACTIVE"}
    (folder / "ecs-task-def.json").write_text(json.dumps({"taskDefinition": described}))
    assert "revision" not in read(folder).task_definition


def test_alias_bomb_is_refused(folder: Path) -> None:
    """A small file cannot be made to fill the memory."""
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]
    (folder / "shipway.yml").write_text("x-bomb:\n  " + "\n  ".join(levels))
    with pytest.raises(DeployError, match="values, too many"):
        read(folder)


def test_path_in_an_environment_replaces_the_whole_definition(folder: Path) -> None:
    """Nothing of the base's definition is left in it."""
    other = {"family": "other", "containerDefinitions": [{"name": "web", "cpu": 5}]}
    (folder / "other.json").write_text(json.dumps(other))
    with (folder / "shipway.yml").open("a") as file:
        file.write("  staging:\n    task_definition: other.json\n")
    assert read(folder, "staging").task_definition == other
