"""The decision: from what is wanted and what was observed to the plan of a release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from shipway.deploy.application.ecs_members import READ_ONLY
from shipway.deploy.errors import DeployError
from shipway.deploy.planning.actions import (
    REGISTERED,
    Action,
    CheckRoom,
    CreateCluster,
    CreateService,
    Plan,
    RegisterTaskDefinition,
    UpdateService,
)
from shipway.deploy.planning.canonical import covers, same
from shipway.deploy.planning.code_deploy import CodeDeployWish, code_deploy_wish, plan_code_deploy
from shipway.deploy.planning.difference import brief, differences
from shipway.deploy.planning.fit import on_instances
from shipway.deploy.planning.load_balancing import BalancerSeen, BalancerWish, plan_load_balancing
from shipway.deploy.planning.update_members import STARTS_A_DEPLOYMENT

Members = dict[str, Any]

ON_THE_DEPLOYMENT = ("serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations")
# DescribeServices does not show these, so a difference cannot be seen; they go along with another change.
UNSEEN = ("gatewayConnectors", "monitoring")
FIXED_AT_BIRTH = ("launchType", "schedulingStrategy")
ONLY_AT_BIRTH = ("clientToken", "role", "serviceName", "tags", "taskDefinition", *FIXED_AT_BIRTH)


@dataclass(frozen=True)
class Wanted:
    """What the file (or the command line) asks for, images settled."""

    cluster: str
    service_name: str
    task_definition: Members
    service: Members
    balancer: BalancerWish | None = None
    create_cluster: bool = False
    force: bool = False
    local: bool = False
    code_deploy: CodeDeployWish | None = None


@dataclass(frozen=True)
class Seen:
    """What AWS has: the cluster, the service with its task definition, the family's latest revision."""

    cluster: Members | None
    service: Members | None = None
    live: Members | None = None
    latest: Members | None = None
    balancer: BalancerSeen = field(default_factory=BalancerSeen)


def plan_release(wanted: Wanted, seen: Seen) -> Plan:
    """What ECS may refuse comes first: the less is made by then, the less is to be unmade."""
    actions: list[Action] = []
    task_definition, register = plan_task_definition(wanted, seen)
    if register is not None:
        actions.append(register)
    if seen.cluster is None:
        actions += _new_cluster(wanted)
    if wanted.balancer is not None:
        actions += plan_load_balancing(wanted.balancer, seen.balancer, local=wanted.local)
    if seen.service is None or seen.service.get("status") == "INACTIVE":
        actions.append(_create_service(wanted, task_definition))
    elif (seen.service.get("deploymentController") or {}).get("type") == "CODE_DEPLOY":
        wish = wanted.code_deploy or code_deploy_wish(wanted.cluster, wanted.service_name, None)
        _refuse_fixed(wanted, seen.service)
        actions += plan_code_deploy(seen.service, wanted.service, task_definition, wish, force=wanted.force)
    else:
        update = _update_service(wanted, seen, seen.service, task_definition)
        if update is not None:
            actions.append(update)
    return tuple(actions)


def _new_cluster(wanted: Wanted) -> Iterator[Action]:
    if not wanted.create_cluster:
        raise DeployError(
            f"The cluster {wanted.cluster!r} does not exist in this account and region. "
            "Correct cluster: in shipway.yml, create it, or write create: true."
        )
    yield CreateCluster(wanted.cluster, "it does not exist yet, and it may be created here")
    if wanted.local and on_instances(wanted.task_definition, wanted.service):
        # Local ECS lends a cluster its instances as it is made; on AWS it has none for a while.
        yield CheckRoom(wanted.cluster, wanted.task_definition, "its instances are known only now")


def plan_task_definition(wanted: Wanted, seen: Seen) -> tuple[str, RegisterTaskDefinition | None]:
    """The reference to deploy: the revision in use or the family's latest, when they say the same already."""
    for known in (seen.live, seen.latest):
        if (
            known is not None
            and known.get("status", "ACTIVE") == "ACTIVE"
            and same(known, wanted.task_definition)
        ):
            return str(known["taskDefinitionArn"]), None
    before = seen.live or seen.latest
    if before is None:
        reason = "the first revision of this family"
    else:
        changed = differences(before, wanted.task_definition)
        more = f", and {len(changed) - 1} more" if len(changed) > 1 else ""
        reason = (brief(changed[0]) if changed else "it differs from the revision in use") + more
    return REGISTERED, RegisterTaskDefinition(wanted.task_definition, reason)


def _create_service(wanted: Wanted, task_definition: str) -> CreateService:
    members = {
        key: value for key, value in wanted.service.items() if key not in ("cluster", "taskDefinition")
    }
    if members.get("schedulingStrategy") != "DAEMON":
        members.setdefault("desiredCount", 1)
    return CreateService(
        service=wanted.service_name,
        task_definition=task_definition,
        members=members | _network(wanted, members),
        target_group=wanted.balancer.name if wanted.balancer else None,
        reason="there is no such service yet",
    )


def _network(wanted: Wanted, members: Members) -> Members:
    """Local ECS has one network for all tasks; its subnet need not be named."""
    missing = "networkConfiguration" not in members
    if wanted.local and missing and wanted.task_definition.get("networkMode") == "awsvpc":
        return {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-local"]}}}
    return {}


def _update_service(wanted: Wanted, seen: Seen, live: Members, task_definition: str) -> UpdateService | None:
    controller = (live.get("deploymentController") or {}).get("type", "ECS")
    if controller != "ECS":
        raise DeployError(
            f"The service {wanted.service_name} is deployed by {controller}; "
            "Shipway deploys services whose deployment controller is ECS or CODE_DEPLOY."
        )
    if live.get("status") == "DRAINING":
        raise DeployError(
            f"The service {wanted.service_name} is being deleted. Deploy again when it is gone."
        )
    _refuse_fixed(wanted, live)
    primary: Members = next(iter(live.get("deployments") or ()), {})
    changed = {
        key: value
        for key, value in wanted.service.items()
        if key not in (*ONLY_AT_BIRTH, *UNSEEN, "cluster") and not covers(live_member(live, key), value)
    }
    new_targets = _new_targets(wanted, seen, live)
    new_definition = task_definition == REGISTERED or task_definition != live.get("taskDefinition")
    failed = primary.get("rolloutState") == "FAILED" and not new_definition
    if wanted.force or failed:
        changed["forceNewDeployment"] = True
    if not changed and not new_definition and not new_targets:
        return None
    changed |= {key: wanted.service[key] for key in UNSEEN if key in wanted.service}
    return UpdateService(
        service=wanted.service_name,
        task_definition=task_definition if new_definition else None,
        members=changed,
        target_group=wanted.balancer.name if wanted.balancer and new_targets else None,
        deploys=new_definition
        or new_targets
        or any(key in changed for key in (*STARTS_A_DEPLOYMENT, "forceNewDeployment")),
        reason=_update_reason(changed, new_definition, failed),
    )


def live_member(live: Members, key: str) -> Any:
    """A member as it stands: some are shown on the primary deployment only."""
    primary: Members = next(iter(live.get("deployments") or ()), {})
    return (primary if key in ON_THE_DEPLOYMENT else live).get(key)


def _update_reason(changed: Members, new_definition: bool, failed: bool) -> str:
    if failed:
        return "the last deployment of this revision failed; it is tried again"
    if new_definition:
        return "the task definition differs from the one in use"
    if list(changed) == ["forceNewDeployment"]:
        return "a new deployment was asked for"
    return f"{', '.join(sorted(changed)) or 'the target group'} differs from the live service"


def _refuse_fixed(wanted: Wanted, live: Members) -> None:
    for key in FIXED_AT_BIRTH:
        if key in wanted.service and wanted.service[key] != live.get(key):
            raise DeployError(
                f"service.{key} is {wanted.service[key]} in the file, {live.get(key, 'not set')} on "
                f"the live service {wanted.service_name}, and ECS cannot change it. "
                "Delete the service first, or give another serviceName."
            )


def _new_targets(wanted: Wanted, seen: Seen, live: Members) -> bool:
    if wanted.balancer is None:
        return False
    group = seen.balancer.target_group
    return group is None or not covers(live.get("loadBalancers"), [balancer_member(wanted.balancer, group)])


def balancer_member(wish: BalancerWish, target_group: Members) -> Members:
    return {
        "targetGroupArn": target_group["TargetGroupArn"],
        "containerName": wish.block.container,
        "containerPort": wish.block.container_port,
    }


def definition_to_register(live: Members) -> Members:
    """A described task definition, made fit to be registered again."""
    return {key: value for key, value in live.items() if key not in READ_ONLY["RegisterTaskDefinition"]}
