"""Application Auto Scaling's hold on one ECS service."""

from __future__ import annotations

from typing import Any

from shipway.deploy.edge.calls import Calls
from shipway.deploy.planning.references import short
from shipway.deploy.planning.scaling_bounds import Bounds


class Autoscaling:
    """The scalable target of a service, if it has one."""

    def __init__(self, calls: Calls, cluster: str, service_name: str) -> None:
        self._calls = calls
        self._resource_id = f"service/{short(cluster)}/{service_name}"

    def bounds(self) -> Bounds | None:
        request: dict[str, Any] = {
            "ServiceNamespace": "ecs",
            "ResourceIds": [self._resource_id],
            "ScalableDimension": "ecs:service:DesiredCount",
        }
        answer = self._calls.call("DescribeScalableTargets", request)
        found = next(iter(answer.get("ScalableTargets", ())), None)
        return Bounds(int(found["MinCapacity"]), int(found["MaxCapacity"])) if found else None

    def set_bounds(self, bounds: Bounds) -> None:
        request = {
            "ServiceNamespace": "ecs",
            "ResourceId": self._resource_id,
            "ScalableDimension": "ecs:service:DesiredCount",
            "MinCapacity": bounds.least,
            "MaxCapacity": bounds.most,
        }
        self._calls.call("RegisterScalableTarget", request)
