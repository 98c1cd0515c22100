"""`shipway verify`: look once, check everything, say what was found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from shipway.deploy.application.application import Application
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.edge.aws import Aws
from shipway.deploy.verification import capacity, containers, network, platforms, roles, routes, services
from shipway.deploy.verification.finding import Finding, Severity
from shipway.deploy.verification.looking import Look
from shipway.deploy.verification.observed import Observed, Subject
from shipway.deploy.wanted import wanted_by

ROOMS = (containers, platforms, services, network, routes, capacity, roles)
CHECKS = tuple(check for room in ROOMS for check in room.CHECKS)
REFUSED = 8


@dataclass(frozen=True)
class Verification:
    """All findings, the worst first."""

    findings: tuple[Finding, ...]
    strict: bool = False

    @property
    def exit_code(self) -> int:
        bad = (Severity.REFUSE, Severity.WARN) if self.strict else (Severity.REFUSE,)
        return REFUSED if any(found.severity in bad for found in self.findings) else 0

    def text(self) -> str:
        counts = [
            (sum(found.severity is severity for found in self.findings), severity) for severity in Severity
        ]
        said = ", ".join(f"{count} {severity}" for count, severity in counts if count)
        ending = "refused" if self.exit_code else "may be deployed"
        more = " `shipway explain CODE` tells more." if self.findings else ""
        summary = f"{ending}: {said or 'nothing found'}.{more}"
        return "\n".join([*(found.text() for found in self.findings), summary])

    def as_document(self) -> dict[str, Any]:
        return {
            "verdict": "refused" if self.exit_code else "passed",
            "exitCode": self.exit_code,
            "findings": [found.as_document() for found in self.findings],
        }


def verify(
    application: Application, aws: Aws, options: DeployOptions, *, strict: bool, read_secrets: bool = False
) -> Verification:
    return Verification(verify_findings(application, aws, options, read_secrets=read_secrets), strict)


def verify_findings(
    application: Application, aws: Aws, options: DeployOptions, *, read_secrets: bool = False
) -> tuple[Finding, ...]:
    """What would go wrong if this were deployed; nothing is touched."""
    wanted, wishes = wanted_by(application, aws, options)
    cluster = aws.ecs.cluster_described()
    live = aws.ecs.service(wanted.service_name) if cluster is not None else None
    merged = {**(live or {"desiredCount": 1}), **wanted.service}
    old = (live or {}).get("deploymentConfiguration") or {}
    merged["deploymentConfiguration"] = {**old, **(wanted.service.get("deploymentConfiguration") or {})}
    subject = Subject(
        definition=wanted.task_definition,
        service=merged,
        written=application.service,
        built=tuple(wish.container for wish in wishes),
        behind_balancer=wanted.balancer is not None,
        local=aws.local,
        creates_cluster=wanted.create_cluster,
    )
    found = findings_of(subject, Look(aws, subject, read_secrets=read_secrets).observed(cluster))
    return tuple(replace(item, place=application.place(item.key)) for item in found)


def findings_of(subject: Subject, observed: Observed) -> tuple[Finding, ...]:
    found = [item for check in CHECKS for item in check(subject, observed)]
    found += [
        Finding("SW001", what, f"not checked: {why}", "Allow the question, or see to it yourself.")
        for what, why in observed.unanswered
    ]
    order = list(Severity)
    return tuple(sorted(found, key=lambda item: (order.index(item.severity), item.code, item.key)))
