"""A desired count that Application Auto Scaling keeps is not ours to set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError
from shipway.deploy.planning.references import short
from shipway.deploy.planning.release import Wanted

Members = dict[str, Any]


def leave_scaled_count(aws: Aws, wanted: Wanted, service: Members | None) -> tuple[Wanted, tuple[str, ...]]:
    """Without `desiredCount` where a scalable target has it. Asked only when the file's count is another."""
    count, name = wanted.service.get("desiredCount"), wanted.service_name
    if service is None or count is None or count == service.get("desiredCount"):
        return wanted, ()
    request = {
        "ServiceNamespace": "ecs",
        "ResourceIds": [f"service/{short(wanted.cluster)}/{name}"],
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    try:
        answer = aws.service("application-autoscaling").call("DescribeScalableTargets", request)
    except DeployError:
        return wanted, (
            f"Whether {name} is scaled by Application Auto Scaling could not be read; "
            f"desiredCount becomes {count}. Allow application-autoscaling:DescribeScalableTargets, "
            "or leave desiredCount out.",
        )
    target = next(iter(answer.get("ScalableTargets", ())), None)
    if target is None:
        return wanted, ()
    others = {key: value for key, value in wanted.service.items() if key != "desiredCount"}
    return replace(wanted, service=others), (
        f"desiredCount {count} of the file is left alone: Application Auto Scaling keeps {name} between "
        f"{target['MinCapacity']} and {target['MaxCapacity']} tasks, now {service.get('desiredCount')}.",
    )
