"""The choices of one deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TIMEOUT_S = 20 * 60.0


@dataclass(frozen=True)
class DeployOptions:
    """The choices of one deployment."""

    tag: str | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    force: bool = False
    rebuild: bool = False
    wait: bool = True
    dry_run: bool = False
    timeout_s: float = TIMEOUT_S
    # Stop the old tasks at once, and put the settings back afterwards.
    fast: bool = False
    # What to do about a cause that no further task will overcome: auto, rollback, end or off.
    fail_fast: str = "auto"
