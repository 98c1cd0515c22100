"""Amazon's console: where a service is shown there."""

from __future__ import annotations

from urllib.parse import quote


def console_url(region: str, cluster: str, service: str) -> str:
    if region.startswith("cn-"):
        site = f"{region}.console.amazonaws.cn"
    elif region.startswith("us-gov-"):
        site = "console.amazonaws-us-gov.com"
    else:
        site = f"{region}.console.aws.amazon.com"
    path = f"clusters/{quote(cluster, safe='')}/services/{quote(service, safe='')}"
    return f"https://{site}/ecs/v2/{path}?region={region}"
