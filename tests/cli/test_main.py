"""The command line itself: help, verbs, exit codes, sentences."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from shipway.cli.main import main
from shipway.cli.verbs import VERBS
from tests.cli.published import held

HEAVY = ("boto3", "botocore", "rich", "msgspec", "yaml", "aiohttp", "starlette")


def shipway(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shipway.cli.main", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
        timeout=60,
    )


def test_help_is_quick() -> None:
    """Under 150 ms on a quiet machine; the best of five forgives a busy one."""
    times = []
    for _ in range(5):
        started = time.monotonic()
        done = shipway("--help")
        times.append(time.monotonic() - started)
        assert done.returncode == 0
    assert min(times) < 0.15


def test_help_imports_nothing_heavy() -> None:
    """What makes it quick, whatever the machine is doing."""
    code = "import sys; from shipway.cli.main import main; main(['--help']); print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = done.stdout
    assert [name for name in HEAVY if f"'{name}'" in loaded] == []


def test_a_plan_imports_only_what_every_plan_needs(tmp_path: Path) -> None:
    """No scheduler before there is something to predict; no client before there is something to ask."""
    file = tmp_path / "shipway.yml"
    file.write_text(
        "{name: a, task_definition: {containerDefinitions: [{name: web, image: b, memory: 16}]}, service: {}}"
    )
    code = (
        "import sys; from shipway.cli.main import main; "
        f"main(['plan', '-e', 'local', '-c', {str(file)!r}]); print(sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "SHIPWAY_DATA": str(tmp_path)},
    )
    assert "Local ECS is not running" in done.stderr
    loaded = done.stdout
    heavy = ("boto3", "botocore.client", "rich", "shipway.scheduler", "shipway.deploy.release")
    assert [name for name in heavy if f"'{name}'" in loaded] == []


def test_every_verb_is_listed_and_parses() -> None:
    """Each module has the same two functions, and help names each verb."""
    listed = shipway("--help").stdout
    for verb, (module_name, summary) in VERBS.items():
        module = importlib.import_module(module_name)
        parser = argparse.ArgumentParser(prog=f"shipway {verb}")
        module.add_arguments(parser)
        assert callable(module.run)
        assert f"{verb} " in listed
        assert summary in listed


def test_unknown_verb_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, with the nearest verb."""
    assert main(["depoly"]) == 2
    assert "Did you mean 'deploy'?" in capsys.readouterr().err


def test_mistakes_are_sentences_without_traceback(tmp_path: Path) -> None:
    """No file: exit code 1. Bad arguments: 2."""
    done = shipway("deploy", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("shipway deploy: There is no shipway.yml in")
    (tmp_path / "shipway.yml").write_text("cluster: x\n")
    done = shipway("deploy", "--timeout", "soon", folder=tmp_path)
    assert done.returncode == 2
    assert "'soon' is not a duration" in done.stderr
    assert "Traceback" not in done.stderr


def test_local_ecs_that_is_not_running_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the folder and the verb that starts it; `run` says 125 for it."""
    monkeypatch.setenv("SHIPWAY_DATA", str(tmp_path))
    for verb, code in (("status", 1), ("run", 125)):
        done = shipway(verb, "-e", "local", "-s", "a/b", folder=tmp_path)
        assert done.returncode == code
        assert f"Local ECS is not running (looked in {tmp_path})" in done.stderr


def test_an_endpoint_that_is_no_url_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the user's slip, no fault of ours."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "garbage")
    done = shipway("status", "-s", "a/b", "--region", "eu-west-1", folder=tmp_path)
    assert done.returncode == 1
    assert "Invalid endpoint: garbage. Correct AWS_ENDPOINT_URL" in done.stderr


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (KeyError("lost"), 1, "a fault in Shipway itself: KeyError: 'lost'."),
        (KeyboardInterrupt(), 130, "interrupted."),
        (ModuleNotFoundError(name="moto"), 1, "the package moto is not installed."),
    ],
)
def test_machines_have_a_document_whatever_went_wrong(
    error: BaseException,
    code: int,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not only where the error is one that was foreseen."""
    module = types.ModuleType("breaking")

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("-o", dest="output")

    def run(arguments: argparse.Namespace) -> int:
        raise error

    vars(module).update(add_arguments=add_arguments, run=run)
    monkeypatch.setitem(sys.modules, "breaking", module)
    monkeypatch.setitem(VERBS, "plan", ("breaking", "breaks"))
    assert main(["plan", "-o", "json"]) == code
    printed = capsys.readouterr()
    document = held("plan", json.loads(printed.out))
    assert (document["verdict"], document["exitCode"]) == ("error", code)
    assert document["sentence"].startswith(sentence)
    assert f"shipway plan: {sentence}" in printed.err


def test_init_then_dry_checks(tmp_path: Path) -> None:
    """From an empty folder with only a Dockerfile to files that are read without complaint."""
    (tmp_path / "Dockerfile").write_text("FROM busybox\nEXPOSE 80\n")
    done = shipway("init", "--name", "shop", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "ecs-task-def.json").read_text())["family"] == "shop"
    again = shipway("init", folder=tmp_path)
    assert (again.returncode, "nothing was written" in again.stderr) == (1, True)


def test_run_takes_environments_and_variables_by_the_same_option() -> None:
    """`--env local` chooses, `--env NAME=VALUE` is a variable."""
    from shipway.cli.run import add_arguments
    from shipway.cli.task_options import task_choices

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    arguments = parser.parse_args(
        ["-e", "local", "--env", "A=1", "--env", "B=x=y", "--count", "2", "--", "sh", "-c", "exit 3"]
    )
    wish = task_choices(arguments).wish
    assert arguments.env == "local"
    assert (wish.environment, wish.command, wish.count) == ({"A": "1", "B": "x=y"}, ("sh", "-c", "exit 3"), 2)
