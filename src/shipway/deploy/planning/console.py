"""Amazon's console: where a service or a task is shown there; and the verbs that show and stop a task."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from shipway.deploy.planning.references import short

TASK_ARN = re.compile(
    r"arn:(?P<partition>[^:]+):ecs:(?P<region>[^:]+):[^:]*:task/(?P<cluster>[^/]+)/(?P<id>[^/]+)"
)
PARTITIONS = ("aws", "aws-cn", "aws-us-gov")


def console_url(region: str, cluster: str, service: str) -> str:
    return _page(region, f"clusters/{quote(short(cluster), safe='')}/services/{quote(service, safe='')}")


def task_page(task_arn: str) -> str | None:
    """The console's page of this task; None in a partition whose console is not known here."""
    match = TASK_ARN.fullmatch(task_arn)
    if match is None or match["partition"] not in PARTITIONS:
        return None
    return _page(match["region"], f"clusters/{match['cluster']}/tasks/{match['id']}")


def _page(region: str, path: str) -> str:
    if region.startswith("cn-"):
        site = f"{region}.console.amazonaws.cn"
    elif region.startswith("us-gov-"):
        site = "console.amazonaws-us-gov.com"
    else:
        site = f"{region}.console.aws.amazon.com"
    return f"https://{site}/ecs/v2/{path}?region={region}"


def task_hints(task_arns: Iterable[str], cluster: str, *, local: bool) -> tuple[str, ...]:
    """For each task where it is seen from elsewhere, and how it is stopped."""
    lines = []
    for arn in task_arns:
        named = TASK_ARN.fullmatch(arn)
        place = " -e local" if local else f" --region {named['region']}" if named else ""
        where = f"{place} --cluster {cluster}"
        task_id = arn.rsplit("/", 1)[-1]
        seen = None if local else task_page(arn)
        shown = seen or f"`shipway logs{where} --task {task_id} -f`"
        lines.append(f"see it: {shown}  stop it: `shipway stop{where} {task_id}`")
    return tuple(lines)
