"""Where the tasks of a revision run, as the API shows it."""

from __future__ import annotations

from shipway.model.record import Document
from shipway.model.service_revision import ServiceRevision


def capacity_wire(revision: ServiceRevision) -> Document:
    """The launch type, unless a capacity provider strategy stands in its place."""
    if revision.capacity_provider_strategy:
        return {"capacityProviderStrategy": list(revision.capacity_provider_strategy)}
    return {"launchType": revision.launch_type}
