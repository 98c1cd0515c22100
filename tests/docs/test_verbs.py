"""The verbs, options and exit codes that the pages name are those that the programs have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shipway.cli.main import main
from shipway.cli.parser import USAGE
from shipway.cli.run import FAILURE_CODE
from shipway.cli.verbs import VERBS
from shipway.deploy.planning.verdict import EXIT_CODES
from tests.docs.pages import PAGES, README, ROOT, code, name_of, table, text_of

COMMAND = re.compile(r"\bshipway (?P<verb>[a-z]+(?:-[a-z]+)*)(?P<rest>[^)\"]*)")
OPTION = re.compile(r"(?<=\s)--?[a-z][a-z-]*")
MAKE = re.compile(r"(?:^|\s)make (?P<target>[a-z]+)")
MAKEFILE = ROOT / "Makefile"


def help_of(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as exit_of:
        main([*words, "--help"])
    assert exit_of.value.code == 0
    return capsys.readouterr().out


def test_the_readme_lists_every_verb_in_the_words_of_its_help() -> None:
    """The table is the overview of `shipway --help`, with backticks."""
    listed = {verb.strip("`"): text.replace("`", "") for verb, text in table(README, "## Verbs")}
    assert listed == {f"shipway {verb}": summary for verb, (_, summary) in VERBS.items()}


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_s_help_begins_with_what_it_does(
    verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`shipway VERB --help` says after its usage what `shipway --help` says of it."""
    monkeypatch.setenv("COLUMNS", "300")
    summary = VERBS[verb][1]
    assert help_of(verb, capsys=capsys).split("\n\n")[1] == f"{summary[:1].upper()}{summary[1:]}."


def test_the_verbs_of_local_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """What `shipway local` is said to have is what it has."""
    told = VERBS["local"][1].partition(": ")[2].split(", ")
    listed = re.findall(r"^    ([a-z]+)  ", help_of("local", capsys=capsys), re.MULTILINE)
    assert sorted(told) == sorted(listed)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_that_a_page_names_exists(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Verbs, the verbs of `local`, and each option."""
    unknown = []
    for command in (match for text in code(page) for match in COMMAND.finditer(text)):
        verb, rest = command["verb"], command["rest"]
        below = rest.split()[:1] if verb == "local" else []
        if verb not in VERBS or any(word not in help_of("local", capsys=capsys).split() for word in below):
            unknown.append(command[0])
            continue
        known = re.findall(r"--?[a-z][a-z-]*", help_of(verb, *below, capsys=capsys))
        unknown += [f"{command[0]}: {option}" for option in OPTION.findall(rest) if option not in known]
    assert unknown == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_make_verb_that_a_page_names_exists(page: Path) -> None:
    """`make VERB` in code is a target of the Makefile."""
    targets = re.findall(r"^([a-z]+):", text_of(MAKEFILE), re.MULTILINE)
    named = [match["target"] for text in code(page) for match in MAKE.finditer(text)]
    assert [target for target in named if target not in targets] == []


def test_every_file_that_the_makefile_names_exists() -> None:
    """A verb whose tests or script are not there would fail at its first use."""
    named = re.findall(r"(?<=\s)@?((?:tests|scripts)/[\w/.]*\w)", text_of(MAKEFILE))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_readme_s_exit_codes_are_the_program_s() -> None:
    """Each code is told with the words of the verdicts that end with it."""
    (sentence,) = re.findall(r"Exit codes: (.*?)\. `run` ends", text_of(README), re.DOTALL)
    told = dict(part.split(None, 1) for part in re.split(r",\s+(?=\d)", sentence))
    expected: dict[str, list[str]] = {str(USAGE): ["usage"]}
    for verdict, exit_code in EXIT_CODES.items():
        expected.setdefault(str(exit_code), []).append(verdict.value)
    assert sorted(told) == sorted(expected)
    assert [
        (exit_code, word)
        for exit_code, words in expected.items()
        for word in words
        if word not in told[exit_code]
    ] == []
    assert f"or {FAILURE_CODE} when the failure is ours" in text_of(README)
