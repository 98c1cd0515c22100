"""Service revisions: describe. They are immutable, and made by CreateService and UpdateService."""

from __future__ import annotations

from typing import Any

from shipway.api.call import Call
from shipway.api.ecs.identifiers import missing
from shipway.api.ecs.render_service_deployments import service_revision_wire
from shipway.api.ecs.service_deployments import checked_arns
from shipway.model.service_revision import ServiceRevision


def describe_service_revisions(call: Call, request: Any) -> dict[str, Any]:
    revisions, failures = [], []
    for arn in checked_arns(request.service_revision_arns, "service-revision"):
        revision = call.store.state.get(ServiceRevision, arn)
        if revision is None:
            failures.append(missing(arn))
        else:
            revisions.append(service_revision_wire(call.store.state, revision))
    return {"serviceRevisions": revisions, "failures": failures}
