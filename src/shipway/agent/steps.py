"""Steps: what the agent does next, as values. One step is one effect; a plan renders to text, one line a
step.
"""

from __future__ import annotations

import msgspec


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One effect on one container of one task, with its reason."""

    task_arn: str
    container: str
    reason: str

    verb = "look at"

    @property
    def detail(self) -> str:
        return ""

    def render(self) -> str:
        detail = f" {self.detail}" if self.detail else ""
        return f"{self.verb} {self.task_arn.rsplit('/', 1)[-1]}/{self.container}{detail}: {self.reason}"


class Pull(Step, frozen=True, kw_only=True):
    image: str
    verb = "pull"

    @property
    def detail(self) -> str:
        return self.image


class OpenLog(Step, frozen=True, kw_only=True):
    """Make the log stream (and group, where asked for) before the container may write to it."""

    verb = "open log of"


class Create(Step, frozen=True, kw_only=True):
    verb = "create"


class Start(Step, frozen=True, kw_only=True):
    verb = "start"


class Stop(Step, frozen=True, kw_only=True):
    """SIGTERM, then SIGKILL after the timeout."""

    timeout_s: int
    verb = "stop"

    @property
    def detail(self) -> str:
        return f"within {self.timeout_s} s"


class Abandon(Step, frozen=True, kw_only=True):
    """The container will never run: it counts as stopped from now on. A pull in flight is cancelled."""

    exit_code: int | None = None
    failure: str = ""
    verb = "abandon"


class Remove(Step, frozen=True, kw_only=True):
    verb = "remove"


class Forget(Step, frozen=True, kw_only=True):
    """The whole task is over and its containers are gone; only its ARN is remembered."""

    verb = "forget"


class StepPlan(msgspec.Struct, frozen=True):
    """What to do now, and when to look again at the latest (0: nothing is waiting for the clock)."""

    steps: tuple[Step, ...] = ()
    wake_at: int = 0

    def render(self) -> str:
        return "\n".join(step.render() for step in self.steps)
