"""The records that a new deployment of a service is made of: the revision, and the service deployment."""

from __future__ import annotations

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.deployment_configuration import configuration_wire
from shipway.api.ecs.service_names import service_names
from shipway.api.ecs.service_rules import RevisionSpec, members_of
from shipway.model.service import DeploymentConfiguration, Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.scheduler.shift.stages import shift_of
from shipway.store import Transaction

SERVICE_LINKED_ROLE = "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"


def new_revision(call: Call, service_arn: str, cluster_arn: str, spec: RevisionSpec) -> ServiceRevision:
    cluster_name, service_name = service_arn.split("/")[1:]
    now = call.clock.now_ms()
    return ServiceRevision(
        service_revision_arn=call.place.service_revision(cluster_name, service_name, call.ids.number19()),
        service_arn=service_arn,
        cluster_arn=cluster_arn,
        created_at=now,
        updated_at=now,
        service_names=service_names(call, cluster_arn, spec.verbatim),
        **members_of(spec),
    )


def new_service_deployment(
    call: Call,
    revision: ServiceRevision,
    configuration: DeploymentConfiguration,
    source_revision_arns: tuple[str, ...] = (),
) -> ServiceDeployment:
    cluster_name, service_name = revision.service_arn.split("/")[1:]
    return ServiceDeployment(
        service_deployment_arn=call.place.service_deployment(cluster_name, service_name, call.ids.word21()),
        service_arn=revision.service_arn,
        cluster_arn=revision.cluster_arn,
        target_revision_arn=revision.service_revision_arn,
        source_revision_arns=source_revision_arns,
        created_at=revision.created_at,
        updated_at=revision.created_at,
        deployment_configuration=configuration_wire(configuration),
        shift=shift_of(configuration),
    )


def request_stop(tx: Transaction, service: Service, now_ms: int) -> None:
    """The service deployment in progress has to give way; the scheduler ends it."""
    deployment = tx.get(ServiceDeployment, service.service_deployment_arn or "")
    if deployment is not None and deployment.in_progress:
        tx.put(replace(deployment, status="STOP_REQUESTED", updated_at=now_ms))


def forget_history(tx: Transaction, service_arn: str) -> None:
    """A service of the same name starts without the deployments of the one that was deleted."""
    for deployment in tx.by(ServiceDeployment, "service_arn", service_arn):
        tx.delete(ServiceDeployment, deployment.service_deployment_arn)
    for revision in tx.by(ServiceRevision, "service_arn", service_arn):
        tx.delete(ServiceRevision, revision.service_revision_arn)


def default_role(call: Call, spec: RevisionSpec | None, given: str | None) -> str | None:
    if given:
        return given
    if spec is not None and (spec.load_balancers or spec.network_configuration):
        return f"arn:aws:iam::{call.settings.account_id}:{SERVICE_LINKED_ROLE}"
    return None
