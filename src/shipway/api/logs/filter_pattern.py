"""CloudWatch Logs' filter patterns: terms, and conditions on JSON.

Terms: `ERROR timeout` (all of them), `"two words"`, `-DEBUG` (not), `?A ?B` (any of them), `%regular
expression%`. JSON: `{ $.level = "error" && ($.code >= 500 || $.path = "/api/*") }`, also `EXISTS`-like forms
`IS NULL`, `IS TRUE`, `IS FALSE`, `NOT EXISTS`. Patterns of space-delimited columns, `[a, b]`, are refused by
name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import translate
from typing import Any

import msgspec

Matches = Callable[[str], bool]
Condition = Callable[[Any], bool]


class PatternError(Exception):
    """The pattern can not be read."""


TERM = re.compile(r'\s*(?P<sign>[-?]?)(?:"(?P<phrase>(?:\\.|[^"\\])*)"|%(?P<regex>[^%]+)%|(?P<word>[^\s"]+))')


def compile_pattern(pattern: str) -> Matches:
    """The test that a message must pass. An empty pattern lets everything pass."""
    pattern = pattern.strip()
    if pattern.startswith("{"):
        return json_matches(pattern)
    if pattern.startswith("["):
        raise PatternError("patterns of space-delimited columns are not implemented here; use terms or JSON.")
    signs: dict[str, list[Matches]] = {"": [], "-": [], "?": []}
    place = 0
    while place < len(pattern):
        match = TERM.match(pattern, place)
        if match is None:
            raise PatternError(f"unreadable at '{pattern[place : place + 20]}'.")
        signs[match["sign"]].append(term_matches(match))
        place = match.end()
    wanted, unwanted, any_of = signs[""], signs["-"], signs["?"]

    def matches(message: str) -> bool:
        return (
            all(term(message) for term in wanted)
            and not any(term(message) for term in unwanted)
            and (not any_of or bool(wanted) or any(term(message) for term in any_of))
        )

    return matches


def term_matches(match: re.Match[str]) -> Matches:
    if match["regex"] is not None:
        try:
            expression = re.compile(match["regex"])
        except re.error as error:
            raise PatternError(f"%{match['regex']}% is not a regular expression: {error}.") from error
        return lambda message: expression.search(message) is not None
    text = unquoted(match["phrase"]) if match["phrase"] is not None else match["word"]
    return lambda message: text in message


def unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


JSON_TOKEN = re.compile(
    r"""\s*(?:
        (?P<path>\$(?:\.[\w-]+|\[(?:\d+|"[^"]*"|'[^']*')\])*)
      | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | "(?P<quoted>(?:\\.|[^"\\])*)"
      | (?P<sign>&&|\|\||!=|<=|>=|=|<|>|\(|\))
      | (?P<word>[\w*./:@-]+)
    )""",
    re.VERBOSE,
)
STEP = re.compile(r"""\.([\w-]+)|\[(\d+)\]|\[["']([^"']*)["']\]""")


def json_matches(pattern: str) -> Matches:
    if not pattern.endswith("}"):
        raise PatternError("the closing brace is missing.")
    condition = JsonPattern(pattern[1:-1]).condition()

    def matches(message: str) -> bool:
        try:
            document = msgspec.json.decode(message)
        except (msgspec.DecodeError, UnicodeError):
            return False
        return isinstance(document, dict) and condition(document)

    return matches


class JsonPattern:
    """A parser by recursive descent: `or` of `and`s of comparisons and parentheses."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        place, text = 0, text.rstrip()
        while place < len(text):
            match = JSON_TOKEN.match(text, place)
            if match is None:
                raise PatternError(f"unreadable at '{text[place : place + 20].strip()}'.")
            kind = str(match.lastgroup)
            self._tokens.append((kind, match[kind]))
            place = match.end()
        self._place = 0

    def condition(self) -> Condition:
        found = self._any()
        if self._place < len(self._tokens):
            raise PatternError(f"'{self._tokens[self._place][1]}' was not expected.")
        return found

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        if token[0] == "end":
            raise PatternError("it ends too early.")
        self._place += 1
        return token

    def _any(self) -> Condition:
        parts = [self._all()]
        while self._peek() == ("sign", "||"):
            self._next()
            parts.append(self._all())
        return lambda document: any(part(document) for part in parts)

    def _all(self) -> Condition:
        parts = [self._one()]
        while self._peek() == ("sign", "&&"):
            self._next()
            parts.append(self._one())
        return lambda document: all(part(document) for part in parts)

    def _one(self) -> Condition:
        kind, text = self._next()
        if (kind, text) == ("sign", "("):
            inside = self._any()
            if self._next() != ("sign", ")"):
                raise PatternError("a closing parenthesis is missing.")
            return inside
        if kind != "path":
            raise PatternError(f"'{text}' must be a selector such as $.level.")
        return self._comparison(selector(text))

    def _comparison(self, select: Condition) -> Condition:
        kind, sign = self._next()
        if kind == "word":
            return self._state(select, sign.upper())
        if kind != "sign" or sign not in COMPARISONS:
            raise PatternError(f"'{sign}' must be a comparison.")
        kind, text = self._next()
        if kind == "number":
            number, compare = float(text), COMPARISONS[sign]
            return lambda document: is_number(value := select(document)) and compare(value, number)
        if sign not in ("=", "!=") or kind not in ("quoted", "word"):
            raise PatternError(f"'{text}' can not be compared by {sign}.")
        expression = re.compile(translate_wildcards(unquoted(text) if kind == "quoted" else text))
        wanted = sign == "="
        return lambda document: (
            (value := select(document)) is not ABSENT
            and (expression.match(spelled(value)) is not None) == wanted
        )

    def _state(self, select: Condition, word: str) -> Condition:
        what = self._next()[1].upper()
        if word == "NOT" and what == "EXISTS":
            return lambda document: select(document) is ABSENT
        if word == "IS" and what in STATES:
            wanted = STATES[what]
            return lambda document: select(document) is wanted
        raise PatternError(f"'{word} {what}' is not known.")


ABSENT = object()
STATES: dict[str, Any] = {"NULL": None, "TRUE": True, "FALSE": False}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def selector(path: str) -> Callable[[Any], Any]:
    steps = [name or quoted or int(index) for name, index, quoted in STEP.findall(path[1:])]

    def select(document: Any) -> Any:
        for step in steps:
            document = step_into(document, step)
        return document

    return select


def step_into(document: Any, step: str | int) -> Any:
    if isinstance(step, str):
        return document.get(step, ABSENT) if isinstance(document, dict) else ABSENT
    return document[step] if isinstance(document, list) and step < len(document) else ABSENT


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def spelled(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def translate_wildcards(text: str) -> str:
    """`*` is the only wildcard."""
    return translate(re.sub(r"([?\[\]])", r"[\1]", text))
