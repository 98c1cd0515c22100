"""What a CodeDeploy deployment to ECS is to do: its AppSpec and its deployment group, read and checked."""

from __future__ import annotations

import re
from typing import Any

import yaml

from shipway.api.call import Call
from shipway.api.ecs.identifiers import service_of
from shipway.api.ecs.load_balancer_rules import load_balancers
from shipway.api.ecs.network_rules import network_configuration
from shipway.api.ecs.platform_rules import platform_version
from shipway.api.ecs.service_records import new_revision
from shipway.api.ecs.service_rules import RevisionSpec, check_launch_type, spec_of
from shipway.api.ecs.task_definition_lookup import launchable
from shipway.api.ecs.task_set_records import ALL_PERCENT, new_task_set
from shipway.model.code_deploy import CodeDeployment
from shipway.model.record import Document
from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.target_group import TargetGroup
from shipway.model.task_set import TaskSet

CONFIGURATION = re.compile(
    r"CodeDeployDefault\.ECS(AllAtOnce"
    r"|Linear(?P<linear>\d+)PercentEvery(?P<every>\d+)Minutes"
    r"|Canary(?P<canary>\d+)Percent(?P<after>\d+)Minutes)"
)
MINUTE_MS = 60_000


class UndeployableError(Exception):
    """The deployment cannot be carried out; the text says why."""


def deployment_of(call: Call, deployment: Any) -> tuple[ServiceRevision, TaskSet, CodeDeployment]:
    """The replacement's two records, and the deployment's own. `deployment` is moto's."""
    group = deployment.deployment_group
    service = service_named(call, group.ecs_services)
    primary = call.store.state.get(ServiceRevision, service.revision_arn)
    if primary is None or len(primary.load_balancers) != 1:
        raise UndeployableError("The service has no primary task set with a target group.")
    pair = only((group.load_balancer_info or {}).get("targetGroupPairInfoList"), "targetGroupPairInfoList")
    original_group = primary.load_balancers[0].target_group_arn
    replacement_group = other_of(target_groups(call, pair), original_group)
    properties = properties_of(deployment.revision)
    spec = replacement_spec(call, primary, replacement_group, properties)
    revision = new_revision(call, service.service_arn, service.cluster_arn, spec)
    task_set = new_task_set(
        call,
        revision,
        scale_percent=ALL_PERCENT,
        started_by="CODE_DEPLOY",
        external_id=deployment.deployment_id,
    )
    return (
        revision,
        task_set,
        CodeDeployment(
            deployment_id=deployment.deployment_id,
            service_arn=service.service_arn,
            original_arn=call.place.task_set(
                service.cluster_name, service.service_name, primary.deployment_id.rpartition("/")[2]
            ),
            replacement_arn=task_set.task_set_arn,
            original_group_arn=original_group,
            replacement_group_arn=replacement_group,
            listener_arns=listeners(pair, "prodTrafficRoute"),
            test_listener_arns=listeners(pair, "testTrafficRoute"),
            created_at=revision.created_at,
            stage_started_at=revision.created_at,
            **course(str(deployment.deployment_config_name or "CodeDeployDefault.ECSAllAtOnce")),
            **termination(group.blue_green_deployment_configuration or {}),
        ),
    )


def service_named(call: Call, ecs_services: list[Document]) -> Service:
    named = only(ecs_services, "ecsServices")
    cluster_arn = call.place.cluster(str(named.get("clusterName") or "default").rpartition("/")[2])
    service = service_of(call, cluster_arn, str(named.get("serviceName")))
    if service.status != "ACTIVE" or service.deployment_controller != "CODE_DEPLOY":
        raise UndeployableError(
            "The service is not an ACTIVE one with the deployment controller CODE_DEPLOY."
        )
    return service


def target_groups(call: Call, pair: Document) -> list[str]:
    names = [entry.get("name") for entry in pair.get("targetGroups") or []]
    arns = {group.name: group.target_group_arn for group in call.store.state.all(TargetGroup)}
    missing = [name for name in names if name not in arns]
    if missing or len(names) != 2:
        raise UndeployableError(f"Two target groups are needed; of {names} these do not exist: {missing}.")
    return [arns[name] for name in names if name is not None]


def other_of(pair: list[str], original: str) -> str:
    if original not in pair:
        raise UndeployableError("The primary task set's target group is none of the deployment group's two.")
    return next(arn for arn in pair if arn != original)


def listeners(pair: Document, route: str) -> tuple[str, ...]:
    return tuple((pair.get(route) or {}).get("listenerArns") or ())


def properties_of(revision: Document) -> Document:
    """The one resource of an AppSpec, as JSON or YAML; its members are known in any spelling of case."""
    content = lowered(revision or {}).get("appspeccontent") or lowered(revision or {}).get("string") or {}
    text = lowered(content).get("content")
    if not text:
        raise UndeployableError("Only an AppSpec given as content (AppSpecContent) can be deployed here.")
    try:
        document = lowered(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise UndeployableError(f"The AppSpec is neither JSON nor YAML: {error}") from error
    if document.get("hooks"):
        raise UndeployableError("Hooks of an AppSpec are not supported by local ECS; see docs/fidelity.md.")
    resource = next(iter(only(document.get("resources"), "Resources").values()))
    return lowered(lowered(resource).get("properties") or {})


def replacement_spec(
    call: Call, primary: ServiceRevision, target_group_arn: str, properties: Document
) -> RevisionSpec:
    """The primary revision with what the AppSpec says otherwise."""
    before = spec_of(primary)
    definition = launchable(call, str(properties.get("taskdefinition") or ""))
    check_launch_type(definition, before.launch_type)
    balanced = lowered(properties.get("loadbalancerinfo") or {})
    binding = {
        "targetGroupArn": target_group_arn,
        "containerName": balanced.get("containername") or primary.load_balancers[0].container_name,
        "containerPort": int(balanced.get("containerport") or primary.load_balancers[0].container_port),
    }
    return RevisionSpec(
        task_definition_arn=definition.task_definition_arn,
        launch_type=before.launch_type,
        capacity_provider_strategy=before.capacity_provider_strategy,
        platform_version=platform_version(
            properties.get("platformversion") or before.platform_version, before.launch_type, definition
        ),
        network_configuration=network_of(properties, primary, definition),
        load_balancers=load_balancers(call.store.state, [binding], definition, in_use=False),
        verbatim=before.verbatim,
    )


def network_of(properties: Document, primary: ServiceRevision, definition: Any) -> Document | None:
    """An AppSpec writes `AwsvpcConfiguration` and `Subnets` where ECS has small letters."""
    awsvpc = lowered(lowered(properties.get("networkconfiguration") or {}).get("awsvpcconfiguration") or {})
    names = {"subnets": "subnets", "securitygroups": "securityGroups", "assignpublicip": "assignPublicIp"}
    given: Document | None = primary.network_configuration
    if awsvpc:
        known = {names[name]: value for name, value in awsvpc.items() if name in names}
        given = {"awsvpcConfiguration": known}
    return network_configuration(given, definition, primary.launch_type)


def course(configuration: str) -> Document:
    """The steps of one of CodeDeploy's own configurations for ECS."""
    match = CONFIGURATION.fullmatch(configuration)
    if match is None:
        raise UndeployableError(f"{configuration} is none of CodeDeploy's own configurations for ECS.")
    if match["linear"]:
        percent = int(match["linear"])
        steps = tuple(float(min(100, share)) for share in range(percent, 100 + percent, percent))
        return {"steps": steps, "step_wait_ms": int(match["every"]) * MINUTE_MS}
    if match["canary"]:
        return {
            "steps": (float(match["canary"]), 100.0),
            "step_wait_ms": int(match["after"]) * MINUTE_MS,
        }
    return {"steps": (100.0,)}


def termination(configuration: Document) -> Document:
    ready = configuration.get("deploymentReadyOption") or {}
    if ready.get("actionOnTimeout") == "STOP_DEPLOYMENT":
        raise UndeployableError("STOP_DEPLOYMENT is not supported by local ECS; see docs/fidelity.md.")
    blue = configuration.get("terminateBlueInstancesOnDeploymentSuccess") or {}
    return {
        "terminate": blue.get("action") != "KEEP_ALIVE",
        "termination_wait_ms": int(blue.get("terminationWaitTimeInMinutes") or 0) * MINUTE_MS,
    }


def only(entries: Any, what: str) -> Document:
    if not isinstance(entries, list) or len(entries) != 1:
        raise UndeployableError(f"Exactly one entry of {what} is needed.")
    return dict(entries[0])


def lowered(document: Any) -> Document:
    if not isinstance(document, dict):
        raise UndeployableError("The AppSpec is not made as one for Amazon ECS.")
    return {str(name).lower(): value for name, value in document.items()}
