"""One service of a deployfish.yml -> what deployfish makes of it at ECS."""

from __future__ import annotations

import re
from typing import Any

from shipway.deploy.application.variables import rewritten
from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.importing.compose_values import text
from shipway.deploy.importing.deployfish_container import CONTAINER_LEFT, deployfish_container
from shipway.deploy.importing.imported import Imported
from shipway.deploy.importing.source import Account, Source, listed, mapping

Members = dict[str, Any]

VARIABLE = re.compile(r"\$\{(?P<kind>env|terraform)\.(?P<name>[^}]+)\}|\$(?=[${])")
CARRIED = {
    "a service of `services`": "one application; `--name` chooses among several, by name or environment",
    "`family`, `network_mode`, `cpu`, `memory`, `runtime_platform`, roles": "the task definition's members",
    "`containers`": "`containerDefinitions`, and the DEPLOYFISH_ variables that deployfish adds",
    "`config`": "`secrets`: the parameters that deployfish wrote, by their names",
    "`volumes` of both": "`volumes`, `mountPoints`",
    "`count`": "`desiredCount`, `theirs` once the service exists: deployfish uses it at creation only",
    "`load_balancer`, `vpc_configuration`, placement, strategy": "the service's members",
    "`minimum_healthy_percent`, `maximum_percent`, `enable_exec`": "the service's members",
    "`${env.NAME}`": "`${NAME}`",
}
LEFT = {
    "application_scaling": "Application Auto Scaling goes on; Shipway leaves the count alone.",
    "service_discovery": "the service keeps its registry; a new one needs `serviceRegistries`.",
    "autoscalinggroup_name": "the Auto Scaling group stays; `shipway instances` makes groups of its own.",
    "tasks": "write those with another command under `tasks`; import the others by files of their own.",
    "aws": "`--profile`, or `profile` in shipway.yml; keys never belong into a file.",
}
NOT_CARRIED = {
    **{f"`{key}`": why for key, why in LEFT.items()},
    **{f"`{key}` of a container": why for key, why in CONTAINER_LEFT.items()},
    "values in `config`": "they stay in the Parameter Store; `deploy config write` was what put them there.",
    "`${terraform.KEY}`": "a variable TERRAFORM_KEY, to be set or written in.",
    "`tasks`, `tunnels`, `terraform` (of the file)": "they are not the service.",
}
USED = (
    *(
        "name",
        "cluster",
        "environment",
        "count",
        "family",
        "network_mode",
        "cpu",
        "memory",
        "runtime_platform",
    ),
    *("task_role_arn", "execution_role", "containers", "config", "volumes", "load_balancer", "launch_type"),
    *("vpc_configuration", "placement_constraints", "placement_strategy", "placementConstraints"),
    *("capacity_provider_strategy", "minimum_healthy_percent", "maximum_percent", "scheduling_strategy"),
    *("enable_exec", "service_role_arn", "readonly_root_filesystem", "healthCheckGracePeriodSeconds"),
    "propagateTags",
)


def import_deployfish(source: Source) -> Imported:
    account = Account()
    value = translated(source.value, account)
    for key in value:
        if key != "services":
            account.leave(key, LEFT.get(key, "it is not the service."))
    service = _chosen(source, [mapping(item, "services") for item in listed(value["services"])])
    account.rest("", service, USED, LEFT)
    definition = _definition(service, account)
    members = _service(service)
    keys: Members = {"name": service["name"], "cluster": service.get("cluster", "default")}
    aws = mapping(value.get("aws"), "aws")
    if aws.get("region"):
        keys["region"] = aws["region"]
    if "desiredCount" in members:
        keys["ownership"] = {"service.desiredCount": "theirs"}
    return Imported(
        source=f"the service {service['name']} of {source.name}",
        keys=keys,
        task_definition=definition,
        service=members,
        not_carried=tuple(account.left),
        notes=tuple(account.notes),
    )


def translated(value: Any, account: Account) -> Any:
    """deployfish's lookups as variables; any other dollar sign as itself."""
    return rewritten(value, lambda text, _: VARIABLE.sub(lambda match: _reference(match, account), text))


def _reference(match: re.Match[str], account: Account) -> str:
    if match["kind"] is None:
        return "$$"
    name = re.sub(r"\W+", "_", match["name"])
    if match["kind"] == "env":
        return f"${{{name}}}"
    variable = f"TERRAFORM_{name.upper()}"
    account.leave(match[0], f"an output of Terraform: set {variable} when you deploy, or write the value in.")
    return f"${{{variable}:?an output of Terraform}}"


def _chosen(source: Source, services: list[Members]) -> Members:
    found = [item for item in services if source.chosen in (item.get("name"), item.get("environment"))]
    if len(found) == 1:
        return found[0]
    if len(services) == 1 and source.chosen is None:
        return services[0]
    names = ", ".join(str(item.get("name")) for item in services) or "none"
    if not services:
        raise DeployError(f"{source.name} has no services.")
    raise UsageError(f"{source.name} has several services: {names}. Choose one with --name.")


def _definition(service: Members, account: Account) -> Members:
    if not service.get("containers"):
        raise DeployError(f"The service {service.get('name')} of the deployfish.yml has no containers.")
    fargate = service.get("launch_type") == "FARGATE"
    definition: Members = {
        "family": service.get("family", service["name"]),
        "networkMode": service.get("network_mode", "bridge"),
        "requiresCompatibilities": ["FARGATE"] if fargate else [],
        "taskRoleArn": service.get("task_role_arn"),
        "executionRoleArn": service.get("execution_role"),
        "placementConstraints": service.get("placementConstraints"),
        "volumes": [_volume(item) for item in listed(service.get("volumes"))],
    }
    for size in ("cpu", "memory"):
        if service.get(size) is not None:
            definition[size] = text(service[size])
    platform = mapping(service.get("runtime_platform"), "runtime_platform")
    if platform:
        definition["runtimePlatform"] = {
            "cpuArchitecture": platform.get("cpu_architecture", "X86_64"),
            "operatingSystemFamily": platform.get("operating_system_family", "LINUX"),
        }
    definition["containerDefinitions"] = [
        deployfish_container(mapping(item, "containers"), service, definition["volumes"], account)
        for item in service["containers"]
    ]
    return {key: item for key, item in definition.items() if item not in (None, [], {})}


def _volume(volume: Members) -> Members:
    found: Members = {"name": volume["name"]}
    if "path" in volume:
        found["host"] = {"sourcePath": volume["path"]}
    elif "config" in volume:
        found["dockerVolumeConfiguration"] = volume["config"]
    elif "efs_config" in volume:
        efs = volume["efs_config"]
        found["efsVolumeConfiguration"] = {"fileSystemId": efs["file_system_id"]}
        if efs.get("root_directory"):
            found["efsVolumeConfiguration"]["rootDirectory"] = efs["root_directory"]
    return found


def _service(service: Members) -> Members:
    daemon = service.get("scheduling_strategy") == "DAEMON"
    members: Members = {"serviceName": service["name"]}
    if daemon:
        members["schedulingStrategy"] = "DAEMON"
    else:
        members["desiredCount"] = int(service.get("count", 1))
    if service.get("capacity_provider_strategy"):
        members["capacityProviderStrategy"] = [
            {("capacityProvider" if key == "provider" else key): item for key, item in provider.items()}
            for provider in service["capacity_provider_strategy"]
        ]
    else:
        members["launchType"] = service.get("launch_type", "EC2")
    members["deploymentConfiguration"] = {
        "maximumPercent": 100 if daemon else int(service.get("maximum_percent", 200)),
        "minimumHealthyPercent": int(service.get("minimum_healthy_percent", 50)),
    }
    balancer = mapping(service.get("load_balancer"), "load_balancer")
    if balancer:
        members["loadBalancers"] = [_target(item) for item in balancer.get("target_groups") or [balancer]]
        members["role"] = service.get("service_role_arn") or balancer.get("service_role_arn")
    network = mapping(service.get("vpc_configuration"), "vpc_configuration")
    if network:
        names = {"subnets": "subnets", "security_groups": "securityGroups", "public_ip": "assignPublicIp"}
        members["networkConfiguration"] = {
            "awsvpcConfiguration": {names[key]: item for key, item in network.items() if key in names}
        }
    for key, member in (
        ("placement_constraints", "placementConstraints"),
        ("placement_strategy", "placementStrategy"),
        ("healthCheckGracePeriodSeconds", "healthCheckGracePeriodSeconds"),
        ("propagateTags", "propagateTags"),
    ):
        members[member] = service.get(key)
    members["enableExecuteCommand"] = bool(service.get("enable_exec", False))
    members["enableECSManagedTags"] = True
    return {key: item for key, item in members.items() if item is not None}


def _target(group: Members) -> Members:
    names = {"target_group_arn": "targetGroupArn", "load_balancer_name": "loadBalancerName"}
    found = {member: group[key] for key, member in names.items() if group.get(key)}
    return {**found, "containerName": group["container_name"], "containerPort": int(group["container_port"])}
