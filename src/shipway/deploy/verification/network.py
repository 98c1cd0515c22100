"""Findings in the network: target groups, subnets, security groups, and whether they fit each other."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.deploy.planning.references import short
from shipway.deploy.verification.finding import Finding
from shipway.deploy.verification.observed import Members, Observed, Subject


def target_groups(subject: Subject, observed: Observed) -> Iterator[Finding]:
    for index, entry in enumerate(subject.service.get("loadBalancers") or ()):
        arn = str(entry.get("targetGroupArn") or "")
        key = f"service.loadBalancers.{index}"
        yield from _port(subject, entry, key)
        if arn not in observed.target_groups:
            continue
        name, group = arn.split("/")[1] if "/" in arn else arn, observed.target_groups[arn]
        if group is None:
            todo = "Correct the ARN, or create the target group."
            yield Finding("SW401", key, f"The target group {name} does not exist.", todo)
            continue
        wanted = "ip" if subject.network_mode == "awsvpc" else "instance"
        kind = group.get("TargetType", "instance")
        if kind != wanted:
            said = f"{name} has targets of type {kind}; tasks in {subject.network_mode} mode need {wanted}."
            yield Finding("SW402", key, said, f"Use a target group of type {wanted}.")
        port = str(group.get("HealthCheckPort") or "traffic-port")
        if kind == "ip" == wanted and port != "traffic-port" and int(port) not in _mapped_ports(subject):
            said = f"{name} checks port {port}, which no container maps."
            yield Finding("SW409", key, said, "Map the port, or let the target group check traffic-port.")
        if not group.get("LoadBalancerArns"):
            said = f"No listener forwards to {name}; ECS refuses a service whose target group has none."
            yield Finding("SW403", key, said, "Add a listener or a rule that forwards to it.")


def _mapped_ports(subject: Subject) -> set[int]:
    mappings = (mapping for item in subject.containers for mapping in item.get("portMappings") or ())
    return {int(mapping.get("containerPort") or 0) for mapping in mappings}


def _port(subject: Subject, entry: Members, key: str) -> Iterator[Finding]:
    name, port = entry.get("containerName"), entry.get("containerPort")
    found = next((item for item in subject.containers if item["name"] == name), None)
    if found is None:
        said = f"There is no container {name!r} in the task definition."
        yield Finding("SW404", key, said, "Correct containerName.")
    elif port not in [mapping.get("containerPort") for mapping in found.get("portMappings") or ()]:
        said = f"The container {name} maps no port {port}."
        yield Finding("SW404", key, said, "Correct containerPort, or add the port under portMappings.")


def addresses(subject: Subject, observed: Observed) -> Iterator[Finding]:
    if subject.network_mode != "awsvpc" or subject.local:
        return
    key = "service.networkConfiguration"
    if not subject.awsvpc.get("subnets"):
        said = "Tasks in awsvpc mode need subnets, and the service names none."
        yield Finding("SW407", key, said, "Write networkConfiguration.awsvpcConfiguration.subnets.")
    seen = {**observed.subnets, **observed.security_groups}
    for name in sorted(name for name, vpc in seen.items() if vpc is None):
        what = "subnet" if name in observed.subnets else "security group"
        todo = "Correct the id; see that it is of this account and region."
        yield Finding("SW405", key, f"The {what} {name} does not exist.", todo)
    vpcs = {name: vpc for name, vpc in seen.items() if vpc}
    for arn, group in observed.target_groups.items():
        if group and group.get("VpcId"):
            vpcs[short(arn.rpartition("/")[0])] = str(group["VpcId"])
    if len(set(vpcs.values())) > 1:
        said = f"{', '.join(f'{name} is in {vpc}' for name, vpc in sorted(vpcs.items()))}."
        yield Finding("SW406", key, said, "Choose all of them from one VPC.")


CHECKS = (target_groups, addresses)
