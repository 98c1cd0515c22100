"""Target groups that exist only in AWS: which are wanted here, and the service with those that were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from shipway.deploy.application.application import Application
from shipway.rehearsal.stand_ins import StandIn

Members = dict[str, Any]

HEALTH_CHECK = (
    "HealthCheckPath",
    "HealthCheckPort",
    "HealthCheckIntervalSeconds",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "UnhealthyThresholdCount",
    "Matcher",
)
# What answers at all is taken for healthy, where the real check is not known.
ANYTHING = {"HealthCheckPath": "/", "Matcher": {"HttpCode": "200-499"}}


@dataclass(frozen=True)
class Pair:
    """A load balancer entry of the service: its target groups as CreateTargetGroup wants them. The second is
    for traffic shifts, with or without a listener for tests.
    """

    groups: tuple[Members, ...]
    tests: bool = False


def wanted_pairs(application: Application, live: Mapping[str, Members]) -> tuple[Pair, ...]:
    """`live`: target groups as AWS describes them, by ARN, as far as they are known."""
    pairs = []
    for number, entry in enumerate(application.service.get("loadBalancers") or (), 1):
        advanced = entry.get("advancedConfiguration") or {}
        arns = [entry.get("targetGroupArn"), advanced.get("alternateTargetGroupArn")]
        groups = [
            _target_group(f"rehearsal-{number}-{place}", application, entry, live.get(str(arn), {}))
            for place, arn in enumerate(filter(None, arns), 1)
        ]
        pairs.append(Pair(tuple(groups), tests=bool(advanced.get("testListenerRule"))))
    return tuple(pairs)


def told_of_groups(application: Application, live: Mapping[str, Members]) -> tuple[StandIn, ...]:
    told = []
    for entry in application.service.get("loadBalancers") or ():
        arn = str(entry.get("targetGroupArn") or entry.get("loadBalancerName"))
        name = arn.split("/")[1] if "/" in arn else arn
        found = live.get(arn)
        path = str((found or ANYTHING).get("HealthCheckPath") or "/")
        check = "with the same health check" if found else f"that takes any answer below 500 at {path}"
        told.append(StandIn(f"target group {name}", f"one {check}, behind a load balancer of its own"))
    return tuple(told)


def with_balancers(application: Application, made: tuple[Members, ...]) -> Application:
    """`made`: for each entry what replaces its ARNs."""
    entries = application.service.get("loadBalancers") or ()
    if not entries:
        return application
    changed = []
    for entry, own in zip(entries, made, strict=True):
        kept = {name: entry[name] for name in ("containerName", "containerPort") if name in entry}
        changed.append({**kept, **own})
    return msgspec.structs.replace(application, service={**application.service, "loadBalancers": changed})


def _target_group(name: str, application: Application, entry: Members, live: Members) -> Members:
    awsvpc = application.task_definition.get("networkMode") == "awsvpc"
    check = {member: live[member] for member in HEALTH_CHECK if live.get(member) is not None}
    return {
        "Name": name,
        "Protocol": "HTTP",
        "Port": int(entry.get("containerPort", 80)),
        "VpcId": "vpc-rehearsal",
        "TargetType": "ip" if awsvpc else "instance",
        **(check or ANYTHING),
    }
