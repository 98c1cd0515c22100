"""Pages of a list: the token says after which key to go on, so that a list may change between two pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class InvalidTokenError(Exception):
    """The token was not made here, or not for this list."""


def page(
    items: Iterable[T], key: Callable[[T], Any], token: str | None, limit: int
) -> tuple[list[T], str | None]:
    """The next `limit` items in the order of their keys, and the token for those after them.

    A key is a string, a number, or a list of them. The token is None on the last page.
    """
    ordered = sorted(items, key=key)
    if token:
        after = key_of(token)
        try:
            ordered = [item for item in ordered if key(item) > after]
        except TypeError as error:
            raise InvalidTokenError from error
    found = ordered[:limit]
    return found, token_of(key(found[-1])) if len(ordered) > limit else None


def token_of(key: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode()


def key_of(token: str) -> Any:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError) as error:  # msgspec's errors are ValueErrors
        raise InvalidTokenError from error
