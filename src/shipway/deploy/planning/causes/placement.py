"""Tasks that find no place: what ECS says in a task's reason, in an event, or in RunTask's failure."""

from __future__ import annotations

import re

from shipway.deploy.planning.causes.texts import Text

# Events that tell of tasks without a place.
UNPLACED = re.compile(r"unable to place|No Container Instances were found|could not launch", re.I)

PLACEMENT = (
    Text(
        "SC301",
        r"No Container Instances were found in your cluster",
        "the cluster has no container instance",
        "Add one (`shipway instances create`), or use Fargate.",
    ),
    Text(
        "SC312",
        r"No Container Instances were found in your capacity provider|EMPTY CAPACITY PROVIDER"
        r"|provisioning capacity limit",
        "the capacity provider has no instance for the task",
        "Let its Auto Scaling group grow (maximum size, managed scaling), or name another provider.",
    ),
    Text(
        "SC302",
        r"insufficient CPU|RESOURCE:CPU",
        "no container instance has enough CPU units left for the task",
        "Lower its cpu, add a larger instance, or stop other tasks.",
    ),
    Text(
        "SC303",
        r"insufficient memory|RESOURCE:MEMORY",
        "no container instance has enough memory left for the task",
        "Lower its memory, add a larger instance, or stop other tasks.",
    ),
    Text(
        "SC304",
        r"already using a port|RESOURCE:PORTS",
        "a port that the task needs is taken on every container instance",
        "Use a dynamic host port (hostPort 0), or allow the older task to end first (minimumHealthyPercent "
        "0), "
        "or add an instance.",
    ),
    Text(
        "SC305",
        r"missing an attribute|\bATTRIBUTE\b",
        "no container instance has an attribute that the task requires",
        "Compare the definition's requiresAttributes with the instances' attributes: log driver, network "
        "mode, "
        "architecture, agent version.",
    ),
    Text(
        "SC306",
        r"error \"AGENT\"|\bAGENT\b",
        "the agent of the container instance is not connected",
        "Look at the instance: is it running, has it a way to ECS, does its agent run?",
    ),
    Text(
        "SC307",
        r"MemberOf|DistinctInstance|placement constraint",
        "no container instance fulfils the placement constraints",
        "Loosen placementConstraints, or add an instance that meets them (distinctInstance needs one a "
        "task).",
    ),
    Text(
        "SC308",
        r"RESOURCE:GPU|insufficient GPU",
        "no container instance has a GPU left for the task",
        "Add an instance with GPUs, or stop other tasks.",
    ),
    Text(
        "SC311",
        r"RESOURCE:ENI",
        "no container instance has a network interface left for the task",
        "Turn on ENI trunking (awsvpcTrunking), use larger instances, or another network mode.",
    ),
    Text(
        "SC309",
        r"Capacity is unavailable|RESOURCE:FARGATE|^CAPACITY$",
        "Fargate has no capacity for the task in these zones at this moment",
        "It may come by itself. Name subnets of more zones, or let FARGATE stand beside FARGATE_SPOT.",
    ),
    Text(
        "SC310",
        r"reached the limit|above your limit",
        "a quota of the account is reached: {text}",
        "Ask for a higher Fargate quota in Service Quotas, or run less.",
    ),
    Text(
        "SC313",
        r"\bLOCATION\b",
        "the container instances are not in the subnets' zones",
        "Name subnets in the zones of the instances, or add instances there.",
    ),
    Text(
        "SC399",
        r"",
        "ECS was unable to place the task: {text}",
        "Add a container instance that meets it, or change the task's requirements.",
    ),
)
