"""Look at AWS before a plan: the cluster, the service, its task definition, its load balancer."""

from __future__ import annotations

from typing import Any

from shipway.deploy.application.suggestion import nearest
from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError
from shipway.deploy.follow import resilient
from shipway.deploy.planning.fit import needs_of, never_fits, sentence
from shipway.deploy.planning.load_balancing import BalancerSeen, BalancerWish
from shipway.deploy.planning.release import Seen

Members = dict[str, Any]

# As many names as can be read in a sentence.
NAMED_MAX = 12


def observe(aws: Aws, service_name: str, family: str, balancer: BalancerWish | None) -> Seen:
    cluster = aws.ecs.cluster_described()
    service = aws.ecs.service(service_name) if cluster is not None else None
    live = (
        aws.ecs.task_definition(service["taskDefinition"])
        if service and service.get("taskDefinition")
        else None
    )
    return Seen(
        cluster=cluster,
        service=service,
        live=live,
        latest=aws.ecs.task_definition(family),
        balancer=observe_balancer(aws, balancer) if balancer else BalancerSeen(),
    )


def observe_balancer(aws: Aws, wish: BalancerWish) -> BalancerSeen:
    target_group = aws.elbv2.target_group(wish.name)
    # A target group names its load balancers, whose names are in their ARNs: one question less.
    known = [arn for arn in (target_group or {}).get("LoadBalancerArns") or () if f"/{wish.name}/" in arn]
    load_balancer = {"LoadBalancerArn": known[0]} if known else aws.elbv2.load_balancer(wish.name)
    attributes = aws.elbv2.target_group_attributes(target_group["TargetGroupArn"]) if target_group else {}
    listeners = aws.elbv2.listeners(load_balancer["LoadBalancerArn"]) if load_balancer else []
    return BalancerSeen(load_balancer, target_group, tuple(sorted(attributes.items())), tuple(listeners))


def refuse_without_room(aws: Aws, definition: Members) -> None:
    """When no container instance could hold this task, not even an empty one."""
    instances = aws.ecs.container_instances()
    gap = never_fits(needs_of(definition), instances)
    if gap is not None:
        raise DeployError(
            f"No container instance of {aws.ecs.cluster} can hold the task {definition['family']}, "
            f"not even an empty one. {sentence(gap, len(instances))} "
            "Lower its needs, or add a larger instance."
        )


def urls(aws: Aws, service: Members) -> tuple[str, ...]:
    """Where the service answers, as far as its load balancers say."""
    found: list[str] = []
    for member in service.get("loadBalancers") or ():
        if not member.get("targetGroupArn"):
            continue
        group = aws.elbv2.target_group_by_arn(member["targetGroupArn"]) or {}
        for arn in group.get("LoadBalancerArns") or ():
            found += _urls_of(aws, arn, member["targetGroupArn"])
    return tuple(dict.fromkeys(found))


def _urls_of(aws: Aws, load_balancer_arn: str, target_group_arn: str) -> list[str]:
    balancer = aws.elbv2.load_balancer_by_arn(load_balancer_arn)
    if balancer is None:
        return []
    found = []
    for listener in aws.elbv2.listeners(load_balancer_arn):
        if target_group_arn not in repr(listener.get("DefaultActions")):
            continue
        port = int(listener["Port"])
        if aws.local:
            # Where the asked port could not be bound, local ECS says which one it opened instead.
            port = int(
                aws.elbv2.listener_attributes(listener["ListenerArn"]).get("shipway.bound_port") or port
            )
        scheme = str(listener.get("Protocol", "HTTP")).lower()
        usual = {"http": 80, "https": 443}.get(scheme)
        found.append(f"{scheme}://{balancer['DNSName']}{'' if port == usual else f':{port}'}/")
    return found


def no_service(aws: Aws, service_name: str) -> str:
    """The sentence for a service, or its cluster, that is not there."""
    cluster = aws.ecs.cluster
    if aws.ecs.cluster_described() is None:
        return f"The cluster {cluster!r} does not exist here. Correct the name, or create it."
    names: list[str] = resilient([], aws.ecs.service_names)
    said = f"There is no service {service_name!r} in the cluster {cluster!r}."
    if len(names) > NAMED_MAX:
        meant = nearest(service_name, names)
        return f"{said} {f'Did you mean {meant!r}? ' if meant else ''}It has {len(names)} services."
    return f"{said} Its services: {', '.join(names) or 'none'}."


def required_service(aws: Aws, name: str) -> Members:
    service = aws.ecs.service(name)
    if service is None:
        raise DeployError(no_service(aws, name))
    return service
