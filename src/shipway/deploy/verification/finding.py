"""A finding: what is wrong, how bad, where it is written, and what to do. Its code never changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """`refuse`: the deployment cannot succeed. `warn`: it may go wrong. `note`: worth knowing."""

    REFUSE = "refuse"
    WARN = "warn"
    NOTE = "note"


R, W, N = Severity.REFUSE, Severity.WARN, Severity.NOTE

CODES: dict[str, tuple[Severity, str]] = {
    "SW001": (W, "not checked: the question was not answered"),
    "SW101": (R, "the image is not in its repository"),
    "SW102": (W, "the image's tag is latest"),
    "SW103": (R, "the image is built for another platform"),
    "SW201": (R, "Fargate has no task of this size"),
    "SW202": (W, "a secret is written into the environment"),
    "SW203": (W, "log streams have no prefix"),
    "SW204": (R, "the log group does not exist"),
    "SW205": (N, "the health check needs a program that the image may lack"),
    "SW301": (R, "the deployment configuration lets no task start or stop"),
    "SW302": (W, "the circuit breaker is off"),
    "SW303": (W, "a desired count is written, but auto scaling sets it"),
    "SW304": (W, "the load balancer may end tasks before they are up"),
    "SW305": (N, "without a grace period a slow start is taken for a failure"),
    "SW401": (R, "the target group does not exist"),
    "SW402": (R, "the target group's type does not fit the network mode"),
    "SW403": (R, "the target group has no load balancer"),
    "SW404": (R, "the load balancer's container or port is not in the task definition"),
    "SW405": (R, "a subnet or security group does not exist"),
    "SW406": (R, "subnets, security groups and target group are not in one VPC"),
    "SW407": (R, "awsvpc tasks are given no network"),
    "SW408": (W, "tasks find no way out of their subnet"),
    "SW409": (R, "the target group checks a port that no container maps"),
    "SW501": (R, "no container instance can hold the task"),
    "SW502": (W, "the cluster has no container instance"),
    "SW503": (R, "the capacity provider is not the cluster's"),
    "SW504": (R, "the cluster does not exist"),
    "SW505": (W, "a quota is too small for the deployment"),
    "SW601": (R, "the role does not exist"),
    "SW602": (R, "ECS tasks may not assume the role"),
    "SW603": (R, "the execution role may not do what starting a task takes"),
    "SW604": (R, "starting a task takes an execution role, and there is none"),
    "SW605": (R, "the secret does not exist"),
    "SW606": (R, "the secret has no such version or stage"),
    "SW607": (R, "the secret has no such JSON key"),
    "SW608": (N, "whether the secret has the JSON key was not looked at"),
    "SW609": (R, "the key of the secret cannot be used"),
    "SW610": (R, "the execution role may not decrypt the secret"),
}


@dataclass(frozen=True)
class Finding:
    """`key` is the member's path in the application file, `place` its file and line where known."""

    code: str
    key: str
    sentence: str
    todo: str
    place: str = ""

    @property
    def severity(self) -> Severity:
        return CODES[self.code][0]

    def text(self) -> str:
        where = f"{self.place} " if self.place else ""
        return (
            f"{self.severity:<6} {self.code}  {where}{self.key}: {self.sentence}\n              {self.todo}"
        )

    def as_document(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "severity": str(self.severity),
            "place": self.place,
            "key": self.key,
            "sentence": self.sentence,
            "todo": self.todo,
        }
