"""Findings in the service: how it deploys, who sets its count, when the load balancer loses patience."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.deploy.verification.finding import Finding
from shipway.deploy.verification.observed import Observed, Subject


def blocked(subject: Subject, observed: Observed) -> Iterator[Finding]:
    configuration = subject.service.get("deploymentConfiguration") or {}
    if subject.daemon or not _rolling(subject):
        return
    desired = int(subject.service.get("desiredCount") or 0)
    least = -(-desired * int(configuration.get("minimumHealthyPercent", 100)) // 100)
    most = desired * int(configuration.get("maximumPercent", 200)) // 100
    if desired and most <= desired <= least:
        said = f"Of {desired} tasks at least {least} must stay healthy and at most {most} may run at once."
        todo = "Lower minimumHealthyPercent or raise maximumPercent."
        yield Finding("SW301", "service.deploymentConfiguration", said, todo)


def breaker(subject: Subject, observed: Observed) -> Iterator[Finding]:
    configuration = subject.service.get("deploymentConfiguration") or {}
    if _rolling(subject) and not (configuration.get("deploymentCircuitBreaker") or {}).get("enable"):
        said = "ECS tries tasks that cannot start for ever, and nothing is rolled back."
        todo = "Write deploymentCircuitBreaker: {enable: true, rollback: true}."
        yield Finding("SW302", "service.deploymentConfiguration", said, todo)


def scaled(subject: Subject, observed: Observed) -> Iterator[Finding]:
    if observed.scaled and "desiredCount" in subject.written:
        said = "Auto scaling sets this service's count; every deployment would put it back to the file's."
        yield Finding("SW303", "service.desiredCount", said, "Leave desiredCount out of the file.")


def patience(subject: Subject, observed: Observed) -> Iterator[Finding]:
    if not (subject.behind_balancer or subject.service.get("loadBalancers")):
        return
    grace_s = int(subject.service.get("healthCheckGracePeriodSeconds") or 0)
    starts = [
        (int((container.get("healthCheck") or {}).get("startPeriod") or 0), container["name"])
        for container in subject.containers
    ]
    start_s, name = max(starts, default=(0, ""))
    if start_s > grace_s:
        said = (
            f"{name} may take {start_s} s to start, but the load balancer's checks count after {grace_s} s."
        )
        todo = f"Raise healthCheckGracePeriodSeconds to {start_s} or more."
        yield Finding("SW304", "service.healthCheckGracePeriodSeconds", said, todo)


def first_checks(subject: Subject, observed: Observed) -> Iterator[Finding]:
    """How long a task may take to answer, where nothing else gives it time."""
    if subject.service.get("healthCheckGracePeriodSeconds") or subject.daemon:
        return
    for group in observed.target_groups.values():
        if not group or not group.get("HealthCheckIntervalSeconds"):
            continue
        patience_s = int(group.get("UnhealthyThresholdCount", 2)) * int(group["HealthCheckIntervalSeconds"])
        said = f"A task that does not answer within {patience_s} s of its start is stopped as unhealthy."
        todo = "Write healthCheckGracePeriodSeconds if it may take longer."
        yield Finding("SW305", "service.healthCheckGracePeriodSeconds", said, todo)


def _rolling(subject: Subject) -> bool:
    controller = (subject.service.get("deploymentController") or {}).get("type", "ECS")
    strategy = (subject.service.get("deploymentConfiguration") or {}).get("strategy", "ROLLING")
    return (controller, strategy) == ("ECS", "ROLLING")


CHECKS = (blocked, breaker, scaled, patience, first_checks)
