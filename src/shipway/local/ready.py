"""The one line that a control plane says to who started it."""

from __future__ import annotations

import msgspec


class ReadyWord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Ready, unless there is an error. `load_balancers` is how many there are to tell the URLs of."""

    error: str | None = None
    load_balancers: int = 0
