"""Whether awsvpc tasks find a way out of their subnets: they pull images and write logs by it."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.deploy.verification.finding import Finding
from shipway.deploy.verification.observed import Members, Observed, Subject

DEFAULT_ROUTES = ("0.0.0.0/0", "::/0")
INTERNET, OTHER, NONE = "internet gateway", "other", "none"


def way_out(table: Members) -> str:
    """Where a route table sends what is not for the VPC."""
    for route in table.get("Routes") or ():
        if route.get("DestinationCidrBlock") not in DEFAULT_ROUTES or route.get("State") == "blackhole":
            continue
        return INTERNET if str(route.get("GatewayId") or "").startswith("igw-") else OTHER
    return NONE


def ways_out(subnets: dict[str, str | None], tables: list[Members]) -> dict[str, str]:
    """Each subnet's way; one that is associated with no table goes by its VPC's main one."""
    own: dict[str, Members] = {}
    main: dict[str, Members] = {}
    for table in tables:
        for association in table.get("Associations") or ():
            if association.get("SubnetId"):
                own[str(association["SubnetId"])] = table
            if association.get("Main"):
                main[str(table.get("VpcId"))] = table
    known = {subnet: own.get(subnet) or main.get(str(vpc)) for subnet, vpc in subnets.items() if vpc}
    return {subnet: way_out(table) for subnet, table in known.items() if table is not None}


def outward(subject: Subject, observed: Observed) -> Iterator[Finding]:
    if subject.network_mode != "awsvpc":
        return
    key = "service.networkConfiguration"
    public = subject.fargate and subject.awsvpc.get("assignPublicIp") == "ENABLED"
    for subnet, way in sorted(observed.ways_out.items()):
        if way == INTERNET and not public:
            advice = "assignPublicIp: ENABLED, or " if subject.fargate else ""
            said = f"{subnet} leads out by an internet gateway only, and the tasks have no public address."
            todo = f"Write {advice}subnets with a NAT gateway, or VPC endpoints (ECR, S3, logs, secrets)."
            yield Finding("SW408", key, said, todo)
        elif way == NONE and not observed.endpoints:
            said = f"{subnet} has no route out of its VPC, and the VPC has no endpoints."
            todo = "Add a NAT gateway, or VPC endpoints (ECR, S3, logs, secrets)."
            yield Finding("SW408", key, said, todo)


CHECKS = (outward,)
