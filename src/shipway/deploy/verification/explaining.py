"""The page of each code: what it means, why it matters, what to do. Kept beside the code, read offline."""

from __future__ import annotations

from importlib.resources import files

from shipway.deploy.application.suggestion import did_you_mean
from shipway.deploy.errors import UsageError
from shipway.deploy.verification.finding import CODES


def explained(code: str) -> str:
    code = code.upper()
    if code not in CODES:
        raise UsageError(f"There is no code {code!r}. {did_you_mean(code, CODES)}")
    return (files(__package__) / "pages" / f"{code}.md").read_text(encoding="utf-8").strip()


def listed() -> str:
    return "\n".join(f"{code}  {severity:<6}  {title}" for code, (severity, title) in CODES.items())
