"""The one exception with which a handler refuses a request, in the words of the service."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An error of the AWS API: its code, its text, and the members that some error shapes add."""

    def __init__(
        self, code: str, message: str = "", status: int = 400, extra: dict[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.status = status
        self.extra = extra or {}
