"""A deployment's hands and voice."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.docker import Docker
from shipway.deploy.edge.interruption import Interruption
from shipway.deploy.edge.pace import Pace
from shipway.deploy.edge.progress import OfService, Progress


@dataclass(frozen=True)
class Tools:
    """The deployment's hands and voice: all that touches the world besides AWS."""

    docker: Docker
    progress: Progress
    pace: Pace
    interruption: Interruption

    def of_service(self, name: str, aws: Aws) -> Tools:
        """The same, of which every event is told as this service's; that AWS throttles us among them."""
        progress = OfService(self.progress, name)
        aws.throttled.tell = progress.say
        return replace(self, progress=progress)
