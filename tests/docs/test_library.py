"""docs/library.md: its examples run, and its events are those that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from shipway.cli.main import main
from shipway.deploy.events import Event
from shipway.testing import local_ecs

from .pages import ROOT

PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
ROWS = dict(re.findall(r"^\| `([A-Z]\w+)` \| (.*) \|$", PAGE, re.MULTILINE))
FILE = """
name: hello
create: true
task_definition:
  family: hello
  containerDefinitions: [{name: web, image: "hello:1", memory: 64}]
service: {serviceName: hello, desiredCount: 2, deploymentController: {type: ECS}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with an application file, and the AWS variables of an ECS."""
    (tmp_path / "shipway.yml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    with local_ecs(clock="real", speed=50) as ecs:
        for name, value in ecs.environment.items():
            monkeypatch.setenv(name, value)
        yield tmp_path


def test_the_examples_run_one_after_the_other(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As they are printed."""
    for example in EXAMPLES:
        exec(compile(example, "docs/library.md", "exec"), {})
    said = capsys.readouterr().out
    assert len(EXAMPLES) == 2
    assert "2 of 2 tasks run\n" in said
    assert "deployed 2 tasks of hello:1 are in service. 0\nnothing changes\n[" in said


def test_the_command_line_streams_the_same_events(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A document a line, the verdict last, nothing else on stdout; what fails is the last line, too."""
    assert main(["deploy", "-c", str(folder / "shipway.yml"), "-o", "jsonl"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"actionBegun", "taskDefinitionRegistered", "tasksCounted"} < {event["event"] for event in events}
    assert (events[-1]["event"], events[-1]["verdict"], events[-1]["service"]) == (
        "ended",
        "deployed",
        "hello",
    )
    assert main(["deploy", "-s", "default/nobody", "--force", "-o", "jsonl"]) == 1
    failed = json.loads(capsys.readouterr().out)
    assert (failed["event"], failed["exitCode"]) == ("failed", 1)
    assert failed["sentence"].startswith("There is no service 'nobody'")


def test_every_event_is_told_with_its_members() -> None:
    """None is missing, none is too much."""
    kinds = {kind.__name__: kind for kind in Event.__subclasses__()}
    assert sorted(ROWS) == sorted(kinds)
    for name, kind in kinds.items():
        untold = [
            item.name
            for item in fields(kind)
            if item.name != "service" and f"`{item.name}`" not in ROWS[name]
        ]
        assert untold == [], name
