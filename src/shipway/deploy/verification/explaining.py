"""The page of each code: what it means, why it matters, what to do. Kept beside the code, read offline."""

from __future__ import annotations

from importlib.resources import files

from shipway.deploy.application.suggestion import did_you_mean
from shipway.deploy.errors import UsageError
from shipway.deploy.planning.causes.codes import CAUSES
from shipway.deploy.verification.finding import CODES


def explained(code: str) -> str:
    code = code.upper()
    if code in CODES:
        folder = files(__package__)
    elif code in CAUSES:
        folder = files("shipway.deploy.planning.causes")
    else:
        raise UsageError(f"There is no code {code!r}. {did_you_mean(code, (*CODES, *CAUSES))}")
    return (folder / "pages" / f"{code}.md").read_text(encoding="utf-8").strip()


def every_code() -> tuple[tuple[str, str, str], ...]:
    """Code, severity and title of each, findings of `verify` before causes of `why`."""
    findings = tuple((code, str(severity), title) for code, (severity, title) in CODES.items())
    return (*findings, *((code, "cause", title) for code, title in CAUSES.items()))


def listed() -> str:
    return "\n".join(f"{code}  {severity:<6}  {title}" for code, severity, title in every_code())
