"""What the Tab key offers, also in bash itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shipway.cli.completing import candidates
from shipway.cli.completion import SCRIPTS
from shipway.cli.verbs import VERBS
from tests.cli.test_schemas import every_verb

FILE = """\
name: shop
images: {web: .}
task_definition: {containerDefinitions: [{name: web}, {name: side}, {name: "$(date)"}]}
service: {serviceName: front}
tasks: {migrate: {}}
environments: {staging: {}, live: {}, "a b": {}}
"""
SHELLS = [shell for shell in SCRIPTS if shutil.which(shell)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shipway.yml").write_text(FILE)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("dep", "deploy"),
        ("deploy -e ", "live local staging"),
        ("deploy --env s", "staging"),
        ("status -s ", "front"),
        ("logs --container ", "side web"),
        ("deploy -i w", "web="),
        ("run --task ", "migrate"),
        ("deploy --outputs git", "github gitlab"),
        ("deploy --out", "--output --output-prefix --outputs"),
        ("cluster d", "describe delete"),
        ("instances list --reg", "--region"),
        ("explain SW30", "SW301 SW302 SW303 SW304 SW305"),
        ("schema application", "application"),
        ("completion ", "bash zsh fish words"),
        ("nonsense ", ""),
        ("deploy -c elsewhere.yml -e ", "local"),
    ],
)
def test_words(line: str, found: str, folder: Path) -> None:
    """By the parser of the verb, and by the file; what a shell could take for more than a name is not."""
    offered = candidates(line.split(" "), folder)
    assert [word for word in found.split() if word not in offered] == []
    assert all(word.startswith(line.rpartition(" ")[2]) for word in offered)
    if not found.startswith(("SW", "describe")):
        assert sorted(offered) == sorted(found.split())


def test_every_option_of_every_verb_is_offered(folder: Path) -> None:
    """None is forgotten, since they come from the parsers."""
    for name, parser in every_verb():
        options = [option for option in parser._option_string_actions if option.startswith("--")]
        assert candidates([*name.split(), "--"], folder) == sorted(options), name


UNFINISHED = ["environments: [", "- a", "environments: x", "", "task_definition: {containerDefinitions: 3}"]


@pytest.mark.parametrize("text", UNFINISHED)
def test_a_file_that_is_being_written_is_no_trouble(text: str, folder: Path) -> None:
    """Nobody wants an error at the Tab key."""
    (folder / "shipway.yml").write_text(text)
    assert candidates(["deploy", "-e", ""], folder) == ["local"]
    assert candidates(["logs", "--container", ""], folder) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (["dep"], ["deploy"]),
        (["deploy", "-e", ""], ["live", "local", "staging"]),
        (["deploy", "-i", "we"], ["web="]),
    ],
)
def test_in_bash(line: list[str], found: list[str], folder: Path) -> None:
    """The script, sourced, with `shipway` on the path, completes as bash asks it to."""
    program = folder / "bin" / "shipway"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m shipway.cli.main "$@"\n')
    program.chmod(0o755)
    (folder / "shipway.bash").write_text(SCRIPTS["bash"])
    words = " ".join(f"'{word}'" for word in ("shipway", *line))
    script = (
        "compopt() { :; }; source ./shipway.bash; complete -p shipway; "
        f"COMP_WORDS=({words}); COMP_CWORD={len(line)}; _shipway; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    environment = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}"}
    command = ["bash", "--norc", "-c", script]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["complete -o default -F _shipway shipway", *found], done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_can_read_its_script(shell: str) -> None:
    """As far as it is installed here."""
    subprocess.run([shell, "-n"], input=SCRIPTS[shell], text=True, check=True, timeout=20)


def test_the_scripts_name_a_verb_that_there_is() -> None:
    """They call back by it."""
    assert all("shipway completion words --" in script for script in SCRIPTS.values())
    assert "completion" in VERBS
