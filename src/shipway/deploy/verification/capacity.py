"""Findings in the capacity: does the cluster have what these tasks need?"""

from __future__ import annotations

from collections.abc import Iterator

from shipway.deploy.planning.fit import needs_of, never_fits, on_instances, sentence
from shipway.deploy.verification.finding import Finding
from shipway.deploy.verification.observed import Observed, Subject


def there(subject: Subject, observed: Observed) -> Iterator[Finding]:
    if observed.cluster is None and not subject.creates_cluster:
        todo = "Correct the name, create it (`shipway cluster create`), or write create: true."
        yield Finding("SW504", "cluster", "The cluster does not exist here.", todo)


def room(subject: Subject, observed: Observed) -> Iterator[Finding]:
    if observed.instances is None or not on_instances(subject.definition, subject.service):
        return
    default = (observed.cluster or {}).get("defaultCapacityProviderStrategy")
    if default and not subject.service.get("launchType"):
        return  # its providers decide where tasks go, and bring instances when tasks ask for them
    if not observed.instances:
        said = "No container instance is registered, so tasks will wait for one."
        yield Finding("SW502", "cluster", said, "Add one (`shipway instances create`), or use Fargate.")
        return
    gap = never_fits(needs_of(subject.definition), list(observed.instances))
    if gap is not None:
        said = f"Not even an empty instance holds it. {sentence(gap, len(observed.instances))}"
        yield Finding("SW501", "task_definition", said, "Lower its needs, or add a larger instance.")


def providers(subject: Subject, observed: Observed) -> Iterator[Finding]:
    if observed.cluster is None or subject.local:
        return
    known = observed.cluster.get("capacityProviders") or []
    for index, item in enumerate(subject.service.get("capacityProviderStrategy") or ()):
        name = item.get("capacityProvider")
        if name not in known:
            said = f"{name} is not associated with the cluster (it has {', '.join(known) or 'none'})."
            todo = "Associate it with PutClusterCapacityProviders, or name one that is."
            yield Finding("SW503", f"service.capacityProviderStrategy.{index}", said, todo)


def quotas(subject: Subject, observed: Observed) -> Iterator[Finding]:
    """What this service alone takes at the height of a deployment."""
    spot = any(
        item.get("capacityProvider") == "FARGATE_SPOT"
        for item in subject.service.get("capacityProviderStrategy") or ()
    )
    kind = "Spot" if spot else "On-Demand"
    limit = next((v for name, v in observed.quotas.items() if kind in name and "vCPU" in name), None)
    if limit is None:
        return
    configuration = subject.service.get("deploymentConfiguration") or {}
    desired = int(subject.service.get("desiredCount") or 0)
    tasks = max(desired * int(configuration.get("maximumPercent") or 200) // 100, desired)
    vcpus = tasks * needs_of({**subject.definition, "containerDefinitions": []}).cpu / 1024
    if vcpus > limit:
        said = f"Its deployment takes up to {vcpus:g} vCPUs at once; Fargate {kind} has {limit:g} here."
        todo = "Ask for more in Service Quotas, or lower desiredCount, cpu or maximumPercent."
        yield Finding("SW505", "service.desiredCount", said, todo)


CHECKS = (there, room, providers, quotas)
