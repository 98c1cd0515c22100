"""What `up`, `down` and `reset` say."""

from __future__ import annotations

import shlex

import msgspec

from shipway.local.down import Ended
from shipway.local.status import LoadBalancerUrl
from shipway.local.status_text import said_of, shortened
from shipway.local.up import Running


def render_running(running: Running, data: str | None = None) -> str:
    """`data` as the command line gave it: the next command needs it again."""
    endpoint, settings = running.endpoint, running.settings
    how = "runs already" if running.already else "is up"
    instances = (
        f"{settings.instances} container instance{'s' if settings.instances > 1 else ''} for each cluster"
    )
    said_again = f" --data {shlex.quote(data)}" if data else ""
    rows = [("AWS endpoint", endpoint.endpoint_url)]
    if not settings.simulated:
        rows += [("Image registry", f"http://{endpoint.registry}")]
        rows += [(f"Load balancer {b.load_balancer}, port {b.port}", b.url) for b in running.load_balancers]
    width = max(len(name) for name, _ in rows)
    return "\n".join(
        [
            f"Local ECS {how}: {instances}, region {endpoint.region}{shortened(settings.speed)}"
            f"{said_of(settings.engine)}",
            *(f"  {name:<{width}}  {url}" for name, url in rows),
            f"  {'Data':<{width}}  {endpoint.data}{' (removed at `down`)' if settings.ephemeral else ''}",
            f'Any AWS tool works with it after: eval "$(shipway local env{said_again})"',
            "",
        ]
    )


class RunningDocument(msgspec.Struct, frozen=True, kw_only=True):
    """For `-o json`; the credentials are `env`'s."""

    already_running: bool
    endpoint_url: str
    registry: str
    region: str
    engine: str
    instances: int
    data: str
    load_balancers: tuple[LoadBalancerUrl, ...]


def running_document(running: Running) -> RunningDocument:
    endpoint, settings = running.endpoint, running.settings
    return RunningDocument(
        already_running=running.already,
        endpoint_url=endpoint.endpoint_url,
        registry=endpoint.registry,
        region=endpoint.region,
        engine=settings.engine,
        instances=settings.instances,
        data=endpoint.data,
        load_balancers=tuple(running.load_balancers),
    )


def render_ended(ended: Ended) -> str:
    if ended.was_running:
        first = "Local ECS is down"
    elif ended.containers:
        first = "Local ECS was not running; what it had left was taken away"
    else:
        first = "Local ECS was not running"
    plural = "" if ended.containers == 1 else "s"
    removed = f"; {ended.containers} container{plural} removed" if ended.containers else ""
    data = (
        f"All data was removed from {ended.data}."
        if ended.data_removed
        else f"The data stays in {ended.data}."
    )
    lines = [f"{first}{removed}. {data}"]
    lines += [
        f"The network {name} stays: containers that are not ours are in it." for name in ended.networks_kept
    ]
    lines += [ended.note] if ended.note else []
    return "\n".join(lines) + "\n"
