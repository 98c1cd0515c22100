"""Variables in strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.deploy.application.overlay import merge
from shipway.deploy.application.variables import VariableError, expand

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("${A}", "1"),
        ("${B:-x y}", "x y"),
        ("${EMPTY:-x}", "x"),
        ("${EMPTY}", ""),
        ("${A:?needed}", "1"),
        ("$$ $${A} $A", "$ ${A} $A"),
        ("pre${A}post${A}", "pre1post1"),
    ],
)
def test_references_are_replaced(text: str, expanded: str) -> None:
    """Plain, with a default, demanded, and escaped."""
    assert expand(text, {"A": "1", "EMPTY": ""}) == expanded


@pytest.mark.parametrize("text", ["${GONE}", "${GONE:?say why}", "${", "${not-a-name}"])
def test_what_cannot_be_replaced_is_refused(text: str) -> None:
    """With the path of the string."""
    with pytest.raises(VariableError) as raised:
        expand({"a": [text]}, {})
    assert raised.value.path == ("a", 0)


@given(VALUES)
def test_escaped_text_survives(value: object) -> None:
    """Doubling every dollar and expanding gives back the value, whatever it is."""

    def escaped(item: object) -> object:
        if isinstance(item, str):
            return item.replace("$", "$$")
        if isinstance(item, list):
            return [escaped(part) for part in item]
        if isinstance(item, dict):
            return {key: escaped(part) for key, part in item.items()}
        return item

    assert expand(escaped(value), {}) == value


@given(st.dictionaries(st.text(), VALUES))
def test_merging_nothing_changes_nothing(value: dict[str, object]) -> None:
    """An empty overlay leaves the base as it is."""
    assert merge(value, {}) == value


def test_null_takes_a_member_away() -> None:
    """An environment can drop what the base has."""
    assert merge({"a": 1, "b": {"c": 2, "d": 3}}, {"a": None, "b": {"c": None}}) == {"b": {"d": 3}}
