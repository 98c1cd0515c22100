"""`shipway instances`: the machines that tasks run on, made in groups, drained and given back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.infrastructure.instances_template import InstancesWish, template_of, values_of
from shipway.deploy.infrastructure.local_group import delete_local_group, ensure_local_group
from shipway.deploy.infrastructure.stacks import Stacks
from shipway.deploy.planning.counting import several
from shipway.deploy.tools import Tools

Members = dict[str, Any]

STATUS_LIMIT = 10  # UpdateContainerInstancesState takes so many at once


def create_instances(aws: Aws, tools: Tools, wish: InstancesWish) -> Members:
    """Make or change the stack of a group, and let the cluster use its capacity provider.

    Returns the stack's outputs by name. AWS: CloudFormation change sets, PutClusterCapacityProviders.
    """
    if aws.ecs.cluster_described() is None:
        raise DeployError(
            f"The cluster {wish.cluster!r} does not exist here. Create it with `shipway cluster create`."
        )
    if aws.local:
        changed_here = ensure_local_group(aws, wish)
        use_provider(aws, tools, wish.name)
        return {"stack": None, "changed": changed_here, "CapacityProvider": wish.name}
    wish = with_network(aws, wish)
    stack = Stacks(aws.service("cloudformation"), tools)
    changed = stack.apply(wish.name, template_of(wish), values_of(wish))
    if changed is None:
        tools.progress.say(f"the stack {wish.name} is as wished already")
    described = changed or stack.described(wish.name) or {}
    outputs = {str(o["OutputKey"]): str(o["OutputValue"]) for o in described.get("Outputs") or ()}
    use_provider(aws, tools, outputs["CapacityProvider"])
    return {"stack": wish.name, "changed": changed is not None, **outputs}


def with_network(aws: Aws, wish: InstancesWish) -> InstancesWish:
    """Without subnets, the default VPC's; with them, the VPC they are in."""
    ec2 = aws.service("ec2")
    if not wish.subnets:
        chosen = ec2.call("DescribeVpcs", {"Filters": [{"Name": "is-default", "Values": ["true"]}]})["Vpcs"]
        if not chosen:
            raise UsageError("There is no default VPC here; name the subnets with --subnets.")
        vpc = str(chosen[0]["VpcId"])
        found = ec2.call("DescribeSubnets", {"Filters": [{"Name": "vpc-id", "Values": [vpc]}]})["Subnets"]
    else:
        found = ec2.call("DescribeSubnets", {"SubnetIds": list(wish.subnets)})["Subnets"]
        vpcs = sorted({str(subnet["VpcId"]) for subnet in found})
        if len(vpcs) != 1:
            raise UsageError(f"The subnets must be of one VPC; these are of {', '.join(vpcs)}.")
        vpc = vpcs[0]
    return replace(wish, vpc=vpc, subnets=tuple(sorted(str(subnet["SubnetId"]) for subnet in found)))


def use_provider(aws: Aws, tools: Tools, provider: str) -> None:
    """Added to those that the cluster has; PutClusterCapacityProviders replaces them all."""
    cluster = aws.ecs.cluster_described() or {}
    providers = list(cluster.get("capacityProviders") or ())
    if provider in providers:
        return
    strategy = list(cluster.get("defaultCapacityProviderStrategy") or ())
    aws.ecs.put_capacity_providers([*providers, provider], strategy)
    tools.progress.say(f"the cluster {aws.ecs.cluster} uses the capacity provider {provider}")


def delete_instances(aws: Aws, tools: Tools, name: str) -> None:
    """Take the group's capacity provider from the cluster, then delete its stack."""
    if aws.local:
        leave_provider(aws, name)
        delete_local_group(aws, name)
        return
    stacks = Stacks(aws.service("cloudformation"), tools)
    stack = stacks.described(name)
    outputs = {str(o["OutputKey"]): str(o["OutputValue"]) for o in (stack or {}).get("Outputs") or ()}
    leave_provider(aws, outputs.get("CapacityProvider"))
    stacks.delete(name)


def leave_provider(aws: Aws, provider: str | None) -> None:
    cluster = aws.ecs.cluster_described() or {}
    if provider in (cluster.get("capacityProviders") or ()):
        strategy = list(cluster.get("defaultCapacityProviderStrategy") or ())
        left = [found for found in cluster["capacityProviders"] if found != provider]
        aws.ecs.put_capacity_providers(left, [s for s in strategy if s["capacityProvider"] != provider])


def set_status(aws: Aws, references: Iterable[str], status: str) -> list[Members]:
    """DRAINING: services move their tasks elsewhere within their limits. ACTIVE: it takes tasks again."""
    wanted = list(references)
    changed: list[Members] = []
    for start in range(0, len(wanted), STATUS_LIMIT):
        answer = aws.ecs.update_instances_state(wanted[start : start + STATUS_LIMIT], status)
        failures = answer.get("failures") or ()
        if failures:
            told = ", ".join(f"{failure.get('arn')} ({failure.get('reason')})" for failure in failures)
            raise DeployError(
                f"Not every container instance could be made {status}: {told}. "
                "`shipway instances list` shows their ids and states."
            )
        changed += answer.get("containerInstances") or []
    return changed


def wait_drained(aws: Aws, tools: Tools, references: Iterable[str], timeout_s: float) -> bool:
    """Whether no task is left on them within the time."""
    wanted = set(references)
    until_ms = tools.pace.now_ms() + int(timeout_s * 1000)
    while True:
        found = [
            instance
            for instance in aws.ecs.container_instances()
            if instance["containerInstanceArn"] in wanted
        ]
        left = sum(int(i.get("runningTasksCount", 0)) + int(i.get("pendingTasksCount", 0)) for i in found)
        if not left:
            return True
        tools.progress.now(f"{several(left, 'task')} still there")
        if tools.pace.now_ms() >= until_ms:
            return False
        tools.pace.pause(1.0)
