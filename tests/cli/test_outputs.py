"""The command line inside of a CI system."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shipway.cli.main import main

WRONG = "name: shop\nservise: {}\n"


@pytest.fixture(autouse=True)
def _inside_github(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for system in ("GITLAB_CI", "bamboo_buildKey", "JENKINS_URL", "TF_BUILD", "TEAMCITY_VERSION"):
        monkeypatch.delenv(system, raising=False)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "out"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page"))
    (tmp_path / "shipway.yml").write_text(WRONG)


def test_an_error_is_an_output_and_an_annotation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Progress is folded, the sentence stands below, and the next step can read the verdict."""
    assert main(["deploy"]) == 1
    printed = capsys.readouterr()
    sentence = "shipway.yml:2: unknown key 'servise'. Did you mean 'service'?"
    fold = ["::group::shipway deploy", "::endgroup::"]
    assert printed.err.splitlines() == [*fold, f"shipway deploy: {sentence}"]
    assert printed.out == f"::error file=shipway.yml,line=2::error: {sentence}\n"
    assert (tmp_path / "out").read_text().startswith(f"verdict=error\nexit_code=1\nsentence={sentence}\n")
    assert (tmp_path / "page").read_text().startswith("### shipway deploy: error\n")


def test_json_stays_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    """Commands to the CI system go to stderr then."""
    assert main(["deploy", "-o", "json"]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["verdict"] == "error"
    assert "::error file=shipway.yml" in printed.err


def test_outputs_that_cannot_be_written_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    """With the file, and without hiding the first error."""
    assert main(["deploy", "--outputs", "json:/nowhere/x"]) == 1
    assert [line.partition(": ")[2] for line in capsys.readouterr().err.splitlines()[-2:]] == [
        "shipway.yml:2: unknown key 'servise'. Did you mean 'service'?",
        "The outputs cannot be written to /nowhere/x: No such file or directory. What was done is done.",
    ]


def test_a_format_that_there_is_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the command line or in the environment: exit code 2, and the nearest one."""
    with pytest.raises(SystemExit) as ended:
        main(["deploy", "--outputs", "git-lab"])
    assert ended.value.code == 2
    assert "Did you mean 'gitlab'?" in capsys.readouterr().err
    monkeypatch.setenv("SHIPWAY_OUTPUTS", "git-lab")
    assert main(["deploy"]) == 2
    assert "SHIPWAY_OUTPUTS: there is no format 'git-lab'. Did you mean 'gitlab'?" in capsys.readouterr().err


def test_secret_is_not_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that would quote it shows stars, on the screen and in the outputs."""
    monkeypatch.setenv("DB_PASSWORD", "correct-horse")
    (tmp_path / "shipway.yml").write_text("name: shop\n")
    assert main(["deploy", "-e", "correct-horse"]) == 2
    printed = capsys.readouterr()
    assert "there is no environment '***'" in printed.err
    for file in ("out", "page"):
        assert "correct-horse" not in (tmp_path / file).read_text()
