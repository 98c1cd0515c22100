"""The published JSON Schemas are made from the documents' types, and every verb has one."""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from shipway.cli.documents import DOCUMENTS, NAMES, file_name
from shipway.cli.main import main
from shipway.cli.parser import Parser
from shipway.cli.verbs import VERBS
from tests.cli.published import PUBLISHED

AGAIN = "run: shipway schema --all docs/schemas"


def leaves(name: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in below:
        for verb, inner in action.choices.items():
            yield from leaves(f"{name} {verb}", inner)
    if not below:
        yield name, parser


def every_verb() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for verb, (module, _) in VERBS.items():
        parser = Parser(prog=f"shipway {verb}")
        importlib.import_module(module).add_arguments(parser)
        yield from leaves(verb, parser)


def test_every_verb_has_json_and_a_document() -> None:
    """A new verb is to be listed in cli/documents.py with its document's type."""
    verbs = dict(every_verb())
    assert [name for name, parser in verbs.items() if "-o" not in parser._option_string_actions] == []
    assert sorted(DOCUMENTS) == sorted(verbs)


def test_the_published_files_are_those(tmp_path: Path) -> None:
    """Byte for byte, and no other."""
    assert main(["schema", "--all", str(tmp_path)]) == 0
    made = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert sorted(made) == sorted(file.name for file in PUBLISHED.iterdir()), AGAIN
    assert [name for name, text in made.items() if (PUBLISHED / name).read_text() != text] == [], AGAIN
    assert sorted(made) == sorted(map(file_name, NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_json_schema(name: str) -> None:
    """Of the dialect that it names."""
    schema = json.loads((PUBLISHED / file_name(name)).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]


def test_schema_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    """Verbs of verbs too; what there is not, is said with the nearest."""
    assert main(["schema", "instances", "list"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "shipway instances list -o json"
    assert main(["schema", "deplou"]) == 2
    assert "There is no schema of 'deplou'. Did you mean 'deploy'?" in capsys.readouterr().err
    assert main(["schema", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == list(NAMES)
