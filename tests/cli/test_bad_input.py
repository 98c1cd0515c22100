"""Bad input ends with one clear sentence that says what and where, the right exit code, and no traceback."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.test_main import shipway

DOCKERFILE = "FROM busybox\nEXPOSE 80\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As `shipway init` leaves it."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    assert shipway("init", "--name", "shop", folder=tmp_path).returncode == 0
    return tmp_path


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def refused(folder: Path, *arguments: str, code: int = 1) -> str:
    """The one sentence; nothing on stdout, no traceback."""
    done = shipway(*arguments, folder=folder)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.strip()


def test_misspelt_key(folder: Path) -> None:
    """Where it stands, and the key that was probably meant."""
    replaced(folder / "shipway.yml", "load_balancer:", "load_balancr:")
    assert refused(folder, "deploy", "-e", "local") == (
        "shipway deploy: shipway.yml:18: unknown key 'load_balancr'. Did you mean 'load_balancer'?"
    )


def test_file_that_is_not_yaml(folder: Path) -> None:
    """Its line, in the parser's words."""
    (folder / "shipway.yml").write_text("name: [\n")
    assert refused(folder, "deploy", "-e", "local") == (
        "shipway deploy: shipway.yml:2: this is not YAML: "
        "expected the node content, but found '<stream end>'. Correct the file."
    )


def test_ecs_json_that_is_not_json(folder: Path) -> None:
    """Its own file and line, not those of shipway.yml."""
    (folder / "ecs-task-def.json").write_text('{"family": "shop",\n "containerDefinitions": oops}\n')
    assert refused(folder, "deploy", "-e", "local") == (
        "shipway deploy: ecs-task-def.json:2: this is not JSON: "
        "Expecting value (column 26). Correct the file."
    )


def test_ecs_json_that_lacks_a_required_member(folder: Path) -> None:
    """Which one, where, by the SDK's model of ECS."""
    (folder / "ecs-task-def.json").write_text('{"family": "shop"}')
    assert refused(folder, "deploy", "-e", "local") == (
        "shipway deploy: ecs-task-def.json:1: lacks 'containerDefinitions', which ECS requires."
    )


def test_ecs_json_that_is_not_there(folder: Path) -> None:
    """The whole path, so that a wrong folder is seen."""
    (folder / "ecs-service-def.json").unlink()
    said = refused(folder, "deploy", "-e", "local")
    assert said == f"shipway deploy: {folder.resolve()}/ecs-service-def.json does not exist."


def test_environment_that_is_not_there(folder: Path) -> None:
    """A wrong choice on the command line is usage."""
    assert "there is no environment 'prod'" in refused(folder, "deploy", "-e", "prod", code=2)


def test_no_region(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newcomer without AWS learns what is missing."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    assert refused(folder, "deploy") == (
        "shipway deploy: No AWS region is set. "
        "Write region: in shipway.yml, pass --region, or set AWS_REGION."
    )


def test_nobody_at_the_endpoint(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is named; `run` says that the failure is ours."""
    for name, value in (
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_MAX_ATTEMPTS", "1"),
    ):
        monkeypatch.setenv(name, value)
    said = refused(folder, "run", "--", "true", code=125)
    assert said.startswith("shipway run: DescribeServices: http://127.0.0.1:9 does not answer")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["local", "up", "--prot", "1"],
            "shipway local up: There is no option '--prot'. Did you mean '--port'? "
            "See `shipway local up --help`.",
        ),
        (
            ["local", "upp"],
            "shipway local: There is no verb 'upp'. Did you mean 'up'? See `shipway local --help`.",
        ),
        (
            ["deploy", "--timout", "1s"],
            "shipway deploy: There is no option '--timout'. Did you mean '--timeout'? "
            "See `shipway deploy --help`.",
        ),
        (
            ["stop", "a", "b"],
            "shipway stop: 'b' is one argument too many. See `shipway stop --help`.",
        ),
    ],
)
def test_command_line_that_is_misspelt(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    """The verb that was meant knows its options, its parent does not."""
    assert refused(tmp_path, *arguments, code=2) == sentence


def test_init_names_the_folder_it_looked_in(tmp_path: Path) -> None:
    """Not ".": whoever is in the wrong folder does not know it."""
    assert refused(tmp_path, "init") == (
        f"shipway init: There is no Dockerfile in {tmp_path.resolve()}. "
        "Go where one is, or name it with --dockerfile."
    )


def test_errors_are_documents_too(folder: Path) -> None:
    """With -o json a script reads one document whatever happens; people read stderr."""
    replaced(folder / "shipway.yml", "load_balancer:", "load_balancr:")
    done = shipway("deploy", "-e", "local", "-o", "json", folder=folder)
    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        "verdict": "error",
        "sentence": "shipway.yml:18: unknown key 'load_balancr'. Did you mean 'load_balancer'?",
        "exitCode": 1,
        "details": [],
    }
    assert done.stderr.startswith("shipway deploy: shipway.yml:18:")


def test_init_gives_a_document(tmp_path: Path) -> None:
    """With the files it wrote."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    document = json.loads(shipway("init", "-o", "json", folder=tmp_path).stdout)
    assert document == {
        "files": ["shipway.yml", "ecs-task-def.json", "ecs-service-def.json"],
        "folder": str(tmp_path.resolve()),
    }
