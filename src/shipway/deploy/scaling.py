"""The watch of a new desired count at its edge."""

from __future__ import annotations

from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.pace import Pace
from shipway.deploy.planning.count_watch import CountState, advance, set_back
from shipway.deploy.planning.step import Step
from shipway.deploy.planning.verdict import Ending

Members = dict[str, Any]


class CountWatch:
    """Looks at one service's counts."""

    def __init__(self, aws: Aws, service_name: str, pace: Pace) -> None:
        self.aws = aws
        self.service_name = service_name
        self.pace = pace

    def look(self, state: CountState) -> Step[CountState]:
        return advance(state, self.aws.ecs.service(self.service_name), self.pace.now_ms())

    def roll_back(self, state: CountState) -> Ending | None:
        self.aws.ecs.update_service({"service": self.service_name, "desiredCount": state.before})
        return set_back(state)
