"""What a release does around the change of one service."""

from __future__ import annotations

from typing import Any

from shipway.deploy.outcome import Outcome

Members = dict[str, Any]


class Gate:
    """Lets every change pass; a release puts its lock, tasks and hooks in its place."""

    def before_service(self, definition: Members | None, service: Members) -> None:
        """All is made but the service's own change. `definition` is None when no task will be replaced;
        what is raised here leaves the service as it was.
        """

    def after_service(self, outcome: Outcome, service: Members) -> Outcome:
        """The deployment has ended; the verdict may become another one."""
        return outcome
