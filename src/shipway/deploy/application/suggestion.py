"""Near misses: the known word that somebody probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    candidates = sorted(known)
    lowered = {
        candidate.lower().replace("_", "").replace("-", ""): candidate for candidate in reversed(candidates)
    }
    found = difflib.get_close_matches(
        word.lower().replace("_", "").replace("-", ""), list(lowered), n=1, cutoff=0.6
    )
    return lowered[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    known = sorted(set(known))
    suggestion = nearest(word, known)
    if suggestion is not None:
        return f"Did you mean {suggestion!r}?"
    return f"Known here: {', '.join(known)}." if known else "There are none here."
