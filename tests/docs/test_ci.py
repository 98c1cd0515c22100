"""The GitHub Action, the GitLab template and the snippets of docs/ci.md fit the command line."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from shipway.cli import approve, deploy, rollback
from shipway.deploy.outputs import gitlab, properties
from shipway.deploy.outputs.report import OUTPUTS
from tests.docs.pages import ROOT, text_of

ACTION = yaml.safe_load(text_of(ROOT / "action.yml"))
RUN = ROOT / "ci" / "github" / "run.sh"
TEMPLATE = ROOT / "ci" / "gitlab" / "shipway.gitlab-ci.yml"
PAGE = ROOT / "docs" / "ci.md"


def used(pattern: str, value: Any) -> set[str]:
    return set(re.findall(pattern, yaml.safe_dump(value, width=10_000)))


def test_the_action_hands_on_every_output() -> None:
    """Under the renderer's names, with their meanings."""
    step = ACTION["runs"]["steps"][-1]["id"]
    assert ACTION["outputs"] == {
        name: {"description": meaning.replace("`", ""), "value": f"${{{{ steps.{step}.outputs.{name} }}}}"}
        for name, meaning in OUTPUTS.items()
    }


def test_every_input_of_the_action_is_used_and_told() -> None:
    """And every one that is used exists; none is pasted into a script, where it could be code."""
    inputs = set(ACTION["inputs"])
    steps = ACTION["runs"]["steps"]
    assert used(r"inputs\.([a-z-]+)", steps) == inputs
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []
    (told,) = re.findall(r"Its inputs are in .*?: (.*?)\.\n", text_of(PAGE), re.DOTALL)
    assert set(re.findall(r"`([a-z-]+)`", told)) == inputs


def test_the_action_s_script_has_a_variable_for_each_input() -> None:
    """Those that the step sets are those that the script reads."""
    step = ACTION["runs"]["steps"][-1]
    read = set(re.findall(r"\$\{?(INPUT_[A-Z]+|SHIPWAY)\b", text_of(RUN)))
    assert set(step["env"]) == read


def run_action(folder: Path, shipway: str, **inputs: str) -> subprocess.CompletedProcess[str]:
    program = folder / "shipway"
    program.write_text(f"#!/usr/bin/env bash\n{shipway}\n")
    program.chmod(0o755)
    given = {f"INPUT_{name.upper()}": str(one["default"]) for name, one in ACTION["inputs"].items()}
    given |= {f"INPUT_{name.upper()}": value for name, value in inputs.items()}
    environment = os.environ | given | {"SHIPWAY": str(program), "GITHUB_ACTIONS": "true"}
    environment |= {"GITHUB_OUTPUT": str(folder / "out"), "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [str(RUN)], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_action_s_inputs_become_arguments(tmp_path: Path) -> None:
    """Each by itself, whatever is in it; what is empty is left out."""
    lines = 'printf "%s\\n" "$@"'
    assert run_action(tmp_path, lines).stdout.splitlines() == ["deploy"]
    done = run_action(
        tmp_path,
        lines,
        environment="staging",
        images="web=shop:1;side=$(date)",
        timeout="5m",
        arguments="--force\n--set=a b\n",
    )
    assert done.stdout.splitlines() == [
        *("deploy", "--env", "staging", "--timeout", "5m"),
        *("--image", "web=shop:1", "--image", "side=$(date)", "--force", "--set=a b"),
    ]


def test_the_action_s_options_are_those_of_deploy() -> None:
    """The script names no option that there is not."""
    parser = argparse.ArgumentParser()
    deploy.add_arguments(parser)
    named = set(re.findall(r"add (--[a-z]+)", text_of(RUN)))
    assert len(named) == 8
    assert named - set(parser._option_string_actions) == set()


def test_the_action_fails_with_the_verdict_in_its_outputs(tmp_path: Path) -> None:
    """Shipway's exit code is the step's, and the next step can read why."""
    real = f'exec "{sys.executable}" -m shipway.cli.main "$@"'
    done = run_action(tmp_path, real, config="none.yml")
    assert done.returncode == 1
    assert "::error" in done.stdout
    assert (
        "failure_cause=none.yml does not exist. Name it with -c; `shipway init` writes one.\n"
        in (tmp_path / "out").read_text()
    )


def test_the_gitlab_template_fits() -> None:
    """Its jobs run verbs that there are, with variables that they set, and hand on the file written."""
    jobs = yaml.safe_load(text_of(TEMPLATE))
    job = jobs[".shipway"]
    assert used(r"\$(SHIPWAY_[A-Z]+)", [job["script"], job["before_script"]]) < set(job["variables"])
    assert job["variables"]["SHIPWAY_OUTPUTS"] == f"gitlab:{gitlab.FILE}"
    assert job["artifacts"]["reports"]["dotenv"] == gitlab.FILE
    verbs = {name: one["variables"]["SHIPWAY_VERB"] for name, one in jobs.items()}
    assert verbs == {".shipway": "deploy", ".shipway-approve": "approve", ".shipway-rollback": "rollback"}
    assert all(module.run for module in (deploy, approve, rollback))


def test_every_output_that_the_snippets_read_exists() -> None:
    """In the spelling of its system."""
    text = text_of(PAGE) + text_of(TEMPLATE)
    options = {"SHIPWAY_OUTPUTS", "SHIPWAY_OUTPUT_PREFIX", "SHIPWAY_ENV", "SHIPWAY_VERB", "SHIPWAY_PACKAGE"}
    known = {gitlab.variable("shipway", name) for name in OUTPUTS} | options | {"SHIPWAY_ARGUMENTS"}
    assert set(re.findall(r"\bSHIPWAY_[A-Z_]+\b", text)) - known == set()
    assert set(re.findall(r"bamboo\.shipway\.([a-z_]+)", text)) - set(OUTPUTS) == set()
    assert set(re.findall(r"outputs\.([a-z_]+) }}", text_of(PAGE))) - set(OUTPUTS) == set()
    assert text_of(PAGE).count(properties.FILE) >= 3


def test_the_page_s_yaml_is_yaml() -> None:
    """Every snippet that says so."""
    snippets = re.findall(r"```yaml\n(.*?)```", text_of(PAGE), re.DOTALL)
    assert len(snippets) == 3
    assert all(isinstance(yaml.safe_load(snippet), dict) for snippet in snippets)
