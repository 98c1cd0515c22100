"""The JSON Schema of `shipway.yml` says what the reader does, as far as a schema can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

from shipway.deploy.application.application import Application
from shipway.deploy.application.editor_schema import MEANINGS, application_schema
from shipway.deploy.application.keys import APPLICATION, SERVICE
from shipway.deploy.application.reading import read_application
from shipway.deploy.errors import DeployError
from tests.docs.pages import ROOT, table, text_of

PAGE = ROOT / "docs" / "shipway-yml.md"
SCHEMA = application_schema()
# What the reader adds to an application; no keys of the file.
ADDED = {"environment", "folder", "warnings", "lines"}
BASE = "task_definition: {containerDefinitions: [{name: web, image: a, memory: 64}]}\n"


def complaints(text: str) -> list[str]:
    found = jsonschema.Draft202012Validator(SCHEMA).iter_errors(yaml.safe_load(text))
    return [f"{error.json_path}: {error.message}" for error in found]


def test_the_keys_are_the_members_of_an_application() -> None:
    """One vocabulary: of the check for unknown keys, the types and the page."""
    known = {field.name for field in msgspec.structs.fields(Application)} - ADDED
    assert set(APPLICATION) - {"services", "environments"} | set(SERVICE) == known
    assert set(SCHEMA["properties"]) == set(APPLICATION) == set(MEANINGS)


def test_the_page_s_table_says_the_same() -> None:
    """Every key, with its meaning."""
    told: dict[str, str] = {}
    for keys, meaning, *_ in table(PAGE, "| key | meaning"):
        for key in keys.split(", "):
            told[key.strip("`")] = meaning.replace("`", "").replace(" (below)", "")
    assert told.pop("x-...") == "yours; Shipway does not look"
    assert told == MEANINGS


def snippets(page: Path) -> list[str]:
    """The indented blocks of the page that are YAML with keys of ours."""
    blocks = [block.strip("\n").split("\n") for block in text_of(page).split("\n\n")]
    indented = [lines for lines in blocks if all(line.startswith("    ") for line in lines)]
    found = ["\n".join(line[4:] for line in lines) for lines in indented]
    return [text for text in found if text.partition(":")[0] in APPLICATION]


def test_the_page_s_examples_are_valid() -> None:
    """All of them."""
    found = snippets(PAGE)
    assert len(found) >= 3
    assert [complaints(text) for text in found] == [[]] * len(found)


@pytest.mark.parametrize("file", sorted(ROOT.glob("examples/**/shipway.yml")))
def test_the_examples_are_valid(file: Path) -> None:
    """Those of the repository."""
    assert complaints(text_of(file)) == []


@pytest.mark.parametrize(
    "text",
    [
        "name: shop",
        "images: {web: {context: side, args: {A: b}}}",
        "images: {web: .}",
        "load_balancer: {container: web, container_port: '${PORT:-80}', internal: 'true'}",
        "service: {desiredCount: '2', launchType: EC2, tomorrow: {is: new}}",
        "environments: {staging: {service: {desiredCount: null}, load_balancer: null}, empty: null}",
        "x-mine: {any: thing}",
        "tasks: {migrate: {container: web, command: [a, b], count: 1, x-why: asked}}",
    ],
)
def test_what_is_read_is_valid(text: str, tmp_path: Path) -> None:
    """And the other way round."""
    (tmp_path / "shipway.yml").write_text(BASE + text + "\n")
    assert complaints(BASE + text) == []
    read_application(tmp_path / "shipway.yml", None, {})


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("servise: {}", "$"),
        ("cluster: [a]", "$.cluster"),
        ("images: {web: {dockerfil: a}}", "$.images.web"),
        ("load_balancer: {container: web, container_port: eighty}", "$.load_balancer.container_port"),
        ("service: {desiredCount: two}", "$.service"),
        ("service: {loadBalancers: {targetGroupArn: a}}", "$.service"),
        ("environments: {staging: {clster: a}}", "$.environments.staging"),
        ("tasks: {migrate: {count: [1]}}", "$.tasks.migrate.count"),
    ],
)
def test_what_is_refused_is_not_valid(text: str, place: str, tmp_path: Path) -> None:
    """At the same place."""
    (tmp_path / "shipway.yml").write_text(BASE + text + "\n")
    with pytest.raises(DeployError):
        read_application(tmp_path / "shipway.yml", "staging" if "staging" in text else None, {})
    assert [complaint.partition(": ")[0] for complaint in complaints(BASE + text)] == [place]


def test_ecs_members_are_offered() -> None:
    """From the SDK's model, with the words that a member may have; more are let through."""
    parts: dict[str, Any] = SCHEMA["$defs"]
    assert "containerDefinitions" in parts["RegisterTaskDefinitionRequest"]["properties"]
    launch_type = parts["CreateServiceRequest"]["properties"]["launchType"]
    assert "FARGATE" in launch_type["anyOf"][0]["enum"]
