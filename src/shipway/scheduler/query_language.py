"""The cluster query language: `memberOf` expressions and the filter of ListContainerInstances.

A recursive descent over tokens. An instance that lacks an attribute matches no comparison with it, neither
`==` nor `!=`; `exists` and `!exists` test presence. Regular expressions match the whole text. `task:group`
holds when any task on the instance is of the group; anti-affinity is written `not(task:group == x)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from shipway.model.snapshot import InstanceView
from shipway.scheduler.query_values import comparable, subject_values

EXPRESSION_LENGTH_MAX = 2000
NESTING_MAX = 40

Predicate = Callable[[InstanceView], bool]


class QueryError(ValueError):
    """An expression that cannot be read; the message names the expression and the place."""


TOKEN = re.compile(
    r"""\s*(?: (?P<quoted> '[^']*' | "[^"]*" )
             | (?P<mark> [()\[\],] | \|\| | && | == | != | >= | <= | =~ | !~ | ! | > | < )
             | (?P<bare> [^\s()\[\],'"=!<>|&]+ ) )""",
    re.VERBOSE,
)
BARE_PATTERN = re.compile(r"\s*([^\s)]+)")  # after =~ a bare word may hold any mark up to a blank or `)`

SYNONYMS = {
    "equals": "==",
    "not_equals": "!=",
    "greater_than": ">",
    "greater_than_equal": ">=",
    "less_than": "<",
    "less_than_equal": "<=",
    "matches": "=~",
    "not_matches": "!~",
    "not_in": "!in",
    "not_exists": "!exists",
    "||": "or",
    "&&": "and",
}
SETS = ("==", "!=", "in", "!in", "=~", "!~")
ORDERS = ("==", "!=", ">", ">=", "<", "<=")
OPERATORS = {
    "agentConnected": SETS,
    "agentVersion": ORDERS,
    "ec2InstanceId": SETS,
    "registeredAt": ORDERS,
    "runningTasksCount": ORDERS,
    "task:group": (*SETS, "exists", "!exists"),
}
ATTRIBUTE = re.compile(r"attribute:[A-Za-z0-9_./\\-]{1,128}")
ATTRIBUTE_OPERATORS = (*SETS, ">", ">=", "<", "<=", "exists", "!exists")


@lru_cache(maxsize=1024)
def parse(text: str) -> Predicate:
    """The expression as a predicate of container instances. Raises QueryError."""
    if len(text) > EXPRESSION_LENGTH_MAX:
        raise QueryError(f"The expression is longer than {EXPRESSION_LENGTH_MAX} characters.")
    reader = Reader(text)
    predicate = either(reader)
    if reader.peek() is not None:
        raise reader.error("the expression should end here")
    return predicate


def matches(text: str, view: InstanceView) -> bool:
    return parse(text)(view)


class Reader:
    """Gives tokens one by one; `peek` does not consume."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.depth = 0

    def peek(self) -> str | None:
        token, _ = self._token()
        return token

    def take(self) -> str:
        token, end = self._token()
        if token is None:
            raise self.error("something is missing")
        self._at = end
        return token

    def take_if(self, *wanted: str) -> bool:
        if self.peek() in wanted:
            self.take()
            return True
        return False

    def take_pattern(self) -> str:
        bare = BARE_PATTERN.match(self._text, self._at)
        if bare is None or bare[1][0] in "'\"":
            return unquoted(self.take())
        self._at = bare.end()
        return bare[1]

    def error(self, problem: str) -> QueryError:
        return QueryError(f"Invalid expression '{self._text}': at character {self._at + 1}, {problem}.")

    def _token(self) -> tuple[str | None, int]:
        if not self._text[self._at :].strip():
            return None, len(self._text)
        found = TOKEN.match(self._text, self._at)
        if found is None:
            raise self.error("this cannot be read")
        word = str(found[found.lastgroup or 0])
        return SYNONYMS.get(word.lower(), word), found.end()


def either(reader: Reader) -> Predicate:
    choices = [both(reader)]
    while reader.take_if("or", "OR"):
        choices.append(both(reader))
    return choices[0] if len(choices) == 1 else lambda view: any(choice(view) for choice in choices)


def both(reader: Reader) -> Predicate:
    parts = [negation(reader)]
    while reader.take_if("and", "AND"):
        parts.append(negation(reader))
    return parts[0] if len(parts) == 1 else lambda view: all(part(view) for part in parts)


def negation(reader: Reader) -> Predicate:
    reader.depth += 1
    if reader.depth > NESTING_MAX:
        raise reader.error(f"it is nested deeper than {NESTING_MAX}")
    predicate = negated_or_plain(reader)
    reader.depth -= 1
    return predicate


def negated_or_plain(reader: Reader) -> Predicate:
    if reader.take_if("!", "not", "NOT"):
        negated = negation(reader)
        return lambda view: not negated(view)
    if reader.take_if("("):
        inner = either(reader)
        if not reader.take_if(")"):
            raise reader.error("a closing parenthesis is missing")
        return inner
    return comparison(reader)


def comparison(reader: Reader) -> Predicate:
    subject = reader.take()
    allowed = ATTRIBUTE_OPERATORS if ATTRIBUTE.fullmatch(subject) else OPERATORS.get(subject)
    if allowed is None:
        raise reader.error(f"'{subject}' is no subject; attribute:NAME, {', '.join(sorted(OPERATORS))} are")
    operator = reader.take()
    if operator == "!":
        operator = "!" + reader.take()
    if operator not in allowed:
        raise reader.error(f"'{operator}' does not go with {subject}; {', '.join(allowed)} do")
    if operator in ("exists", "!exists"):
        return lambda view: bool(subject_values(subject, view)) == (operator == "exists")
    if operator in ("=~", "!~"):
        return match_pattern(reader, subject, operator)
    if operator in ("in", "!in"):
        return match_list(reader, subject, operator)
    return match_value(reader, subject, operator)


def match_pattern(reader: Reader, subject: str, operator: str) -> Predicate:
    text = reader.take_pattern()
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise reader.error(f"'{text}' is no regular expression: {error}") from None

    def holds(view: InstanceView) -> bool:
        values = subject_values(subject, view)
        found = any(pattern.fullmatch(value) for value in values)
        return found if operator == "=~" else bool(values) and not found

    return holds


def match_list(reader: Reader, subject: str, operator: str) -> Predicate:
    if not reader.take_if("["):
        raise reader.error("a list in brackets should follow")
    listed = [unquoted(reader.take())]
    while reader.take_if(","):
        listed.append(unquoted(reader.take()))
    if not reader.take_if("]"):
        raise reader.error("a closing bracket is missing")

    def holds(view: InstanceView) -> bool:
        values = subject_values(subject, view)
        found = any(value in listed for value in values)
        return found if operator == "in" else bool(values) and not found

    return holds


def match_value(reader: Reader, subject: str, operator: str) -> Predicate:
    text = unquoted(reader.take())
    try:
        wanted = comparable(subject, text)
    except ValueError:
        raise reader.error(f"'{text}' cannot be compared with {subject}") from None

    def holds(view: InstanceView) -> bool:
        found = [comparable(subject, value) for value in subject_values(subject, view)]
        if operator == "==":
            return wanted in found
        if operator == "!=":
            return bool(found) and wanted not in found
        return any(in_order(value, operator, wanted) for value in found)

    return holds


def in_order(value: tuple[int | str, ...], operator: str, wanted: tuple[int | str, ...]) -> bool:
    if [type(part) for part in value[:1]] != [type(part) for part in wanted[:1]]:
        return False  # a number and a word have no order
    return {">": value > wanted, ">=": value >= wanted, "<": value < wanted, "<=": value <= wanted}[operator]


def unquoted(token: str) -> str:
    return token[1:-1] if len(token) >= 2 and token[0] in "'\"" else token
