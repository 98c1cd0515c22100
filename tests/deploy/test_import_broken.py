"""Files that their own tool would not take: a sentence, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipway.deploy.application.document import parse
from shipway.deploy.errors import DeployError
from shipway.deploy.importing.detection import import_source
from shipway.deploy.importing.files import files_of
from shipway.deploy.importing.source import Source

from .test_import_compose import COMPOSE
from .test_import_copilot import MANIFEST
from .test_import_deployfish import DEPLOYFISH
from .test_import_workflow import TASK, WORKFLOW

WRONG: tuple[Any, ...] = (None, 5, "x", [], {}, [None], {"a": {}}, True)
TEXTS = {
    "compose.yml": COMPOSE,
    "manifest.yml": MANIFEST,
    "deployfish.yml": DEPLOYFISH,
    "deploy.yml": WORKFLOW,
    "ecspresso.yml": "cluster: a\nservice: web\ntask_definition: task.json\nservice_definition: task.json\n",
}


def broken(value: Any) -> Iterator[Any]:
    """The value with each part of it in turn replaced by something else."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        for other in (*WRONG, *broken(part)):
            copy = dict(value) if isinstance(value, dict) else list(value)
            copy[key] = other
            yield copy


@pytest.mark.parametrize("name", TEXTS)
def test_a_broken_file_is_imported_or_refused_in_a_sentence(name: str) -> None:
    """Whatever stands wherever in it."""
    folder = {"../../deploy/task.json": str(TASK), "task.json": str(TASK), "web.env": "A=1\n"}
    sentences: list[str] = []
    whole = parse(name, TEXTS[name]).value
    chosen = "prod" if name == "deployfish.yml" else None
    for value in broken(whole):
        source = Source(str(Path(name)), value, "shop", folder.get, region="us-east-1", chosen=chosen)
        try:
            files_of(import_source(source))
        except DeployError as refusal:
            sentences.append(refusal.sentence)
    assert sentences
    assert all(sentence.endswith(".") for sentence in sentences)
