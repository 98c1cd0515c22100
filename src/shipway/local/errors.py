"""What can go wrong for the user of `shipway local`, as one sentence."""

from __future__ import annotations


class LocalError(Exception):
    """Its text is shown as it is: what, where, why, and what to do."""

    exit_code = 1


class LocalUsageError(LocalError):
    """What was asked for cannot be."""

    exit_code = 2
