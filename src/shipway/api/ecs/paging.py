"""Pages of a list. A token says after which item the next page begins, and for which request it was made."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from shipway.api.ecs.identifiers import invalid


def page(
    items: list[str], request: Any, default: int = 100, maximum: int = 100
) -> tuple[list[str], str | None]:
    """One page of `items` (in a fixed order), and the token of the next; None at the end.

    The request's `max_results` and `next_token` say which; its other members are the filter the token is
    bound to.
    """
    size = request.max_results if request.max_results is not None else default
    if not 1 <= size <= maximum:
        raise invalid(f"maxResults must be between 1 and {maximum}.")
    signature = filter_signature(request)
    start = start_of(items, request.next_token, signature) if request.next_token else 0
    following = start + size
    if following >= len(items):
        return items[start:], None
    return items[start:following], token(following, items[following - 1], signature)


def with_token(answer: dict[str, Any], next_token: str | None) -> dict[str, Any]:
    return answer if next_token is None else {**answer, "nextToken": next_token}


def token(position: int, last: str, signature: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([position, last, signature]).encode()).decode()


def start_of(items: list[str], next_token: str, signature: str) -> int:
    """Where the page begins: after the last item shown, or at its old position when that item has gone."""
    try:
        position, last, made_for = json.loads(base64.urlsafe_b64decode(next_token))
    except (ValueError, TypeError, binascii.Error) as error:
        raise invalid("Invalid token.") from error
    if made_for != signature or not isinstance(position, int) or position < 0:
        raise invalid("Invalid token.")
    return items.index(last) + 1 if last in items else min(position, len(items))


def filter_signature(request: Any) -> str:
    members = {
        name: getattr(request, name)
        for name in sorted(request.__struct_fields__)
        if name not in ("max_results", "next_token")
    }
    return hashlib.sha256(repr(members).encode()).hexdigest()[:16]
