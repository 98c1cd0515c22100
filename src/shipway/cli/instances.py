"""`shipway instances ...`."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from shipway.cli.options import add_target, choices, show

if TYPE_CHECKING:
    from shipway.deploy.edge.aws import Aws
    from shipway.deploy.infrastructure.instances_template import InstancesWish

Arguments = argparse.Namespace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(title="verbs", dest="instances_verb", metavar="VERB", required=True)
    create = _verb(verbs, "create", "make a group of container instances that join the cluster, or change it")
    create.add_argument("--name", metavar="STACK", help="of the group's stack (default CLUSTER-instances)")
    create.add_argument("--count", type=int, default=2, metavar="N", help="at least so many (default 2)")
    create.add_argument("--max", type=int, default=4, metavar="N", help="at most so many (default 4)")
    create.add_argument("--type", default="t3.small", metavar="TYPE", help="default t3.small")
    create.add_argument("--subnets", default="", metavar="ID,ID", help="default: those of the default VPC")
    create.add_argument(
        "--target-capacity",
        type=int,
        default=100,
        metavar="PERCENT",
        help="how full to keep it (default 100)",
    )
    create.add_argument("--print", action="store_true", help="only print the CloudFormation template")
    _verb(verbs, "list", "the container instances, what runs there and what is left")
    drain = _verb(verbs, "drain", "move the services' tasks away, within their limits")
    drain.add_argument("--wait", default="0s", metavar="DURATION", help="until no task is left there")
    activate = _verb(verbs, "activate", "take tasks again after a drain")
    for verb in (drain, activate):
        verb.add_argument("instance", nargs="+", help="id or ARN of a container instance")
    delete = _verb(verbs, "delete", "delete a group and its container instances")
    delete.add_argument("--name", metavar="STACK", help="default CLUSTER-instances")
    delete.add_argument("-y", "--yes", action="store_true", help="do not ask")


def run(arguments: Arguments) -> int:
    from shipway.deploy.infrastructure.instances_template import template_of
    from shipway.deploy.opening import open_session

    if arguments.instances_verb == "create" and arguments.print:
        # Nothing is asked of AWS: the template has no account's names in it.
        wish = wish_of(arguments, arguments.cluster or "default")
        print(json.dumps(template_of(wish), indent=2))
        return 0
    aws = open_session(choices(arguments), service_needed=False).aws
    return {"create": _create, "list": _list, "delete": _delete}.get(arguments.instances_verb, _set_status)(
        arguments, aws
    )


def wish_of(arguments: Arguments, cluster: str) -> InstancesWish:
    from shipway.deploy.infrastructure.instances_template import InstancesWish

    return InstancesWish(
        cluster=cluster,
        name=arguments.name or f"{cluster}-instances",
        count=arguments.count,
        maximum=arguments.max,
        instance_type=arguments.type,
        subnets=tuple(part.strip() for part in arguments.subnets.split(",") if part.strip()),
        target_capacity_percent=arguments.target_capacity,
    )


def _create(arguments: Arguments, aws: Aws) -> int:
    from shipway.deploy.infrastructure.instances import create_instances
    from shipway.deploy.opening import open_tools

    with open_tools() as tools:
        made = create_instances(aws, tools, wish_of(arguments, aws.ecs.cluster))
    verb = "made or changed" if made["changed"] else "unchanged:"
    show(arguments, made, f"{verb} the group with capacity provider {made['CapacityProvider']}")
    return 0


def _list(arguments: Arguments, aws: Aws) -> int:
    from shipway.deploy.infrastructure.instance_report import report_of

    reports = [report_of(instance) for instance in aws.ecs.container_instances()]
    text = "\n".join(report.text() for report in reports)
    show(arguments, reports, text or f"the cluster {aws.ecs.cluster} has no container instances")
    return 0


def _set_status(arguments: Arguments, aws: Aws) -> int:
    from shipway.deploy.infrastructure.instances import set_status, wait_drained
    from shipway.deploy.opening import open_tools, seconds

    status = "DRAINING" if arguments.instances_verb == "drain" else "ACTIVE"
    changed = set_status(aws, arguments.instance, status)
    arns = [str(instance["containerInstanceArn"]) for instance in changed]
    lines = [f"{arn.rsplit('/', 1)[-1]} is {status}" for arn in arns]
    timeout_s = seconds(arguments.wait) if status == "DRAINING" else 0.0
    empty = True
    if timeout_s:
        with open_tools() as tools:
            empty = wait_drained(aws, tools, arns, timeout_s)
        lines.append("no task is left there" if empty else f"tasks are still there after {arguments.wait}")
    show(arguments, {"containerInstances": arns, "status": status, "empty": empty}, "\n".join(lines))
    return 0 if empty else 7


def _delete(arguments: Arguments, aws: Aws) -> int:
    from shipway.deploy.infrastructure.instances import delete_instances
    from shipway.deploy.opening import open_tools
    from shipway.deploy.services import confirm

    name = arguments.name or f"{aws.ecs.cluster}-instances"
    if not arguments.yes:
        confirm(f"Delete the group {name} and its container instances?")
    with open_tools() as tools:
        delete_instances(aws, tools, name)
    show(arguments, {"deleted": name}, f"deleted the group {name}")
    return 0


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    add_target(parser)
    return parser
