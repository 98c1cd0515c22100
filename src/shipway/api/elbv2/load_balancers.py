"""CreateLoadBalancer, DescribeLoadBalancers, DeleteLoadBalancer, and the Set operations."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from shipway.api.call import Call
from shipway.api.elbv2.lookup import MISSING, found, not_available, page, validation_error
from shipway.api.elbv2.tags import tags_from
from shipway.api.errors import ApiError
from shipway.model.listener import Listener
from shipway.model.load_balancer import LoadBalancer, dns_name_of
from shipway.model.record import Document
from shipway.model.rule import Rule

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?")
HOSTED_ZONE_ID = "Z35SXDOTRQ7X7K"
VPC_ID = "vpc-00000000"
ZONE_LETTERS = "abcdef"


def create_load_balancer(call: Call, request: Any) -> dict[str, Any]:
    if request.type not in (None, "application"):
        raise not_available(f"A load balancer of type '{request.type}'", "use an 'application' load balancer")
    if not NAME.fullmatch(request.name) or request.name.startswith("internal-"):
        raise validation_error(
            f"The load balancer name '{request.name}' must have 1 to 32 letters, digits or hyphens, must not"
            " begin or end with a hyphen, and must not begin with 'internal-'."
        )
    scheme = request.scheme or "internet-facing"
    resource = f"loadbalancer/app/{request.name}/{call.ids.hex32()[:16]}"
    load_balancer = LoadBalancer(
        load_balancer_arn=call.place.arn(resource, "elasticloadbalancing"),
        name=request.name,
        dns_name=dns_name_of(request.name, scheme),
        scheme=scheme,
        ip_address_type=request.ip_address_type or "ipv4",
        vpc_id=VPC_ID,
        zones=zones_of(call, request),
        security_groups=tuple(request.security_groups or ()),
        created_at=call.clock.now_ms(),
        tags=tags_from(request.tags),
    )
    with call.store.transaction() as tx:
        same_name = [each for each in tx.all(LoadBalancer) if each.name.lower() == request.name.lower()]
        for existing in same_name:  # whatever its case: names of hosts have none
            if settings(existing) == settings(load_balancer):
                return {"LoadBalancers": [encode(existing)]}
            raise ApiError(
                "DuplicateLoadBalancerName",
                f"A load balancer with the same name '{request.name}' exists, but with different settings",
            )
        tx.put(load_balancer)
    return {"LoadBalancers": [encode(load_balancer)]}


def describe_load_balancers(call: Call, request: Any) -> dict[str, Any]:
    state = call.store.state
    if request.load_balancer_arns:
        chosen = [found(state, LoadBalancer, arn) for arn in request.load_balancer_arns]
    else:
        chosen = state.all(LoadBalancer)
    if request.names:
        by_name = {load_balancer.name: load_balancer for load_balancer in chosen}
        missing = [name for name in request.names if name not in by_name]
        if missing:
            raise ApiError(MISSING[LoadBalancer][0], f"Load balancers '[{', '.join(missing)}]' not found")
        chosen = [by_name[name] for name in request.names]
    return page(request, "LoadBalancers", ((each.key, encode(each)) for each in chosen))


def delete_load_balancer(call: Call, request: Any) -> dict[str, Any]:
    with call.store.transaction() as tx:
        load_balancer = tx.get(LoadBalancer, request.load_balancer_arn)
        if load_balancer is None:
            return {}
        if load_balancer.all_attributes["deletion_protection.enabled"] == "true":
            raise ApiError(
                "OperationNotPermitted",
                f"Load balancer '{load_balancer.key}' cannot be deleted because deletion protection is"
                " enabled",
            )
        for listener in tx.by(Listener, "load_balancer_arn", load_balancer.key):
            for rule in tx.by(Rule, "listener_arn", listener.key):
                tx.delete(Rule, rule.key)
            tx.delete(Listener, listener.key)
        tx.delete(LoadBalancer, load_balancer.key)
    return {}


def set_security_groups(call: Call, request: Any) -> dict[str, Any]:
    with call.store.transaction() as tx:
        load_balancer = found(tx, LoadBalancer, request.load_balancer_arn)
        tx.put(msgspec.structs.replace(load_balancer, security_groups=tuple(request.security_groups)))
    return {"SecurityGroupIds": request.security_groups}


def set_subnets(call: Call, request: Any) -> dict[str, Any]:
    with call.store.transaction() as tx:
        load_balancer = found(tx, LoadBalancer, request.load_balancer_arn)
        changed = msgspec.structs.replace(
            load_balancer,
            zones=zones_of(call, request),
            ip_address_type=request.ip_address_type or load_balancer.ip_address_type,
        )
        tx.put(changed)
    return {"AvailabilityZones": list(changed.zones), "IpAddressType": changed.ip_address_type}


def set_ip_address_type(call: Call, request: Any) -> dict[str, Any]:
    with call.store.transaction() as tx:
        load_balancer = found(tx, LoadBalancer, request.load_balancer_arn)
        tx.put(msgspec.structs.replace(load_balancer, ip_address_type=request.ip_address_type))
    return {"IpAddressType": request.ip_address_type}


def zones_of(call: Call, request: Any) -> tuple[Document, ...]:
    """Subnets are taken as named, each in a zone of its own: local ECS has one loopback network."""
    subnets = list(request.subnets or ()) or [mapping.subnet_id for mapping in request.subnet_mappings or ()]
    region = call.settings.region
    return tuple(
        {
            "ZoneName": f"{region}{ZONE_LETTERS[index % len(ZONE_LETTERS)]}",
            "SubnetId": subnet,
            "LoadBalancerAddresses": [],
        }
        for index, subnet in enumerate(subnets)
    )


def settings(load_balancer: LoadBalancer) -> LoadBalancer:
    """What makes two requests the same."""
    return msgspec.structs.replace(load_balancer, load_balancer_arn="", created_at=0, attributes={})


def encode(load_balancer: LoadBalancer) -> dict[str, Any]:
    return {
        "LoadBalancerArn": load_balancer.load_balancer_arn,
        "DNSName": load_balancer.dns_name,
        "CanonicalHostedZoneId": HOSTED_ZONE_ID,
        "CreatedTime": load_balancer.created_at / 1000,
        "LoadBalancerName": load_balancer.name,
        "Scheme": load_balancer.scheme,
        "VpcId": load_balancer.vpc_id,
        "State": {"Code": load_balancer.state},
        "Type": load_balancer.type,
        "AvailabilityZones": list(load_balancer.zones),
        "SecurityGroups": list(load_balancer.security_groups),
        "IpAddressType": load_balancer.ip_address_type,
    }
