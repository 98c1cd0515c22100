"""The argument parser of every verb: what is wrong in one sentence, with the nearest word that is known."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from typing import Any, NoReturn

UNRECOGNIZED = re.compile(r"unrecognized arguments: (.*)")
USAGE = 2


class Parser(argparse.ArgumentParser):
    """argparse's, without abbreviations: an option added later must not change what a script means."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{"allow_abbrev": False, **options})

    def parse_known_args(self, *arguments: Any, **options: Any) -> Any:
        """Whoever meets an unknown option says so: argparse leaves a verb's to its parent, who knows none."""
        namespace, unknown = super().parse_known_args(*arguments, **options)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return namespace, unknown

    def error(self, message: str) -> NoReturn:
        unrecognized = UNRECOGNIZED.fullmatch(message)
        said = self._unknown(unrecognized[1].split()[0]) if unrecognized else _sentence(message)
        self.exit(USAGE, f"{self.prog}: {said[:1].upper()}{said[1:]} See `{self.prog} --help`.\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            what = "verb" if isinstance(action, argparse._SubParsersAction) else "choice"
            raise argparse.ArgumentError(
                None, f"there is no {what} {value!r}. {_suggestion(str(value), action.choices)}"
            )

    def _unknown(self, given: str) -> str:
        if not given.startswith("-"):
            return f"{given!r} is one argument too many."
        options = [name for name in self._option_string_actions if name.startswith("--")]
        name = given.partition("=")[0]
        return f"there is no option {name!r}. {_suggestion(name, options)}".rstrip()


def _suggestion(word: str, known: Iterable[str]) -> str:
    from shipway.deploy.application.suggestion import did_you_mean

    return did_you_mean(word, known)


def _sentence(text: str) -> str:
    return text if text.endswith(("?", ".")) else f"{text}."
