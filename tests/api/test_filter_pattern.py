"""CloudWatch Logs' filter patterns."""

from __future__ import annotations

import pytest

from shipway.api.logs.filter_pattern import PatternError, compile_pattern

LINE = '127.0.0.1 GET /health 500 "slow query" ERROR'
JSON = (
    '{"level": "error", "code": 503, "path": "/api/users", "ok": false, "none": null, "tags": [{"k": "a b"}]}'
)


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", LINE, True),
        ("ERROR", LINE, True),
        ("error", LINE, False),
        ("ERROR GET", LINE, True),
        ("ERROR POST", LINE, False),
        ('"slow query"', LINE, True),
        ('"query slow"', LINE, False),
        (r'"\"slow"', LINE, True),
        ("ERROR -health", LINE, False),
        ("-POST", LINE, True),
        ('-"slow query"', LINE, False),
        ("?POST ?GET", LINE, True),
        ("?POST ?PUT", LINE, False),
        ("%5[0-9]{2}%", LINE, True),
        ("%4[0-9]{2}%", LINE, False),
        ('{ $.level = "error" }', JSON, True),
        ("{ $.level = error }", JSON, True),
        ('{ $.level != "error" }', JSON, False),
        ("{ $.code = 503 }", JSON, True),
        ("{ $.code >= 500 && $.code < 600 }", JSON, True),
        ("{ $.code > 503 }", JSON, False),
        ('{ $.code > 503 || $.path = "/api/*" }', JSON, True),
        ('{ ($.code > 503 || $.path = "/api/*") && $.level = "warn*" }', JSON, False),
        ('{ $.path = "/api/?sers" }', JSON, False),
        ('{ $.tags[0].k = "a b" }', JSON, True),
        ('{ $.tags[1].k = "a b" }', JSON, False),
        ("{ $.ok IS FALSE }", JSON, True),
        ("{ $.none IS NULL }", JSON, True),
        ("{ $.missing NOT EXISTS }", JSON, True),
        ("{ $.level NOT EXISTS }", JSON, False),
        ('{ $.missing != "x" }', JSON, False),
        ('{ $.level = "error" }', LINE, False),
        ('{ $.level = "error" }', "[1]", False),
    ],
)
def test_a_pattern_chooses_messages(pattern: str, message: str, matches: bool) -> None:
    """Terms are all wanted, `-` excludes, `?` is any of; JSON conditions look inside the message."""
    assert compile_pattern(pattern)(message) is matches


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("[ip, user, status = 4*]", "columns"),
        ('"open', "unreadable"),
        ("%(%", "regular expression"),
        ("{ $.a = 1", "closing brace"),
        ("{ $.a = }", "too early"),
        ("{ $.a }", "too early"),
        ("{ a = 1 }", "selector"),
        ("{ ($.a = 1 }", "too early"),
        ('{ $.a > "x" }', "can not be compared"),
        ("{ $.a = 1 $.b = 2 }", "not expected"),
        ("{ $.a IS ODD }", "not known"),
        ("{ $.a ~ 1 }", "unreadable"),
    ],
)
def test_a_pattern_that_can_not_be_read_is_refused(pattern: str, text: str) -> None:
    """The error says what is wrong with it."""
    with pytest.raises(PatternError, match=text):
        compile_pattern(pattern)
