"""Rendered configuration: a pure function from the state to the text of every file that Envoy watches.

Envoy reads listeners (LDS), routes (RDS), clusters (CDS) and endpoints (EDS) from files. Each kind changes
without disturbing the others: a new target touches one endpoint file, a weight touches one route file, and
neither closes a connection. One Envoy listener per bound port; load balancers on the same port are its
virtual hosts, by DNS name. One Envoy cluster per target group in use, named `NAME-ID`.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from shipway.load_balancer.render_clusters import (
    no_targets_cluster,
    target_group_cluster,
    target_group_endpoints,
)
from shipway.load_balancer.render_listeners import port_listener
from shipway.load_balancer.render_routes import port_routes
from shipway.load_balancer.state import LoadBalancerState
from shipway.model.listener import Listener
from shipway.model.snapshot import REAL_TIME, Timing

CONFIGURATION_FOLDER = "configuration"
ADMIN_SOCKET = "admin.sock"
ACCESS_LOG = "access.log"
HEALTH_EVENTS = "health-events"


class Configuration(msgspec.Struct, frozen=True):
    """File texts by path inside the data folder, in the order of writing: what others name comes first."""

    files: tuple[tuple[str, str], ...]


def render(state: LoadBalancerState, folder: str, timing: Timing = REAL_TIME) -> Configuration:
    """The files for a data folder (an absolute path), bootstrap not included."""
    groups = state.target_groups_in_use()
    ports = listeners_by_bound_port(state)
    clusters = [target_group_cluster(group, folder, timing) for group in groups]
    files = [
        (
            f"{CONFIGURATION_FOLDER}/targets/{group.label}.json",
            resources([target_group_endpoints(group, state)]),
        )
        for group in groups
    ]
    files.append((f"{CONFIGURATION_FOLDER}/clusters.json", resources([no_targets_cluster(), *clusters])))
    files += [
        (f"{CONFIGURATION_FOLDER}/routes/{port}.json", resources([port_routes(port, listeners, state)]))
        for port, listeners in ports.items()
    ]
    listeners = resources([port_listener(port, folder) for port in ports])
    files.append((f"{CONFIGURATION_FOLDER}/listeners.json", listeners))
    return Configuration(files=tuple(files))


def render_bootstrap(folder: str, admin_socket: str) -> str:
    """What Envoy is started with; it never changes while it runs."""
    configuration = f"{folder}/{CONFIGURATION_FOLDER}"
    return text(
        {
            "node": {"id": "shipway", "cluster": "shipway"},
            "admin": {"address": {"pipe": {"path": admin_socket, "mode": 0o600}}},
            "dynamic_resources": {
                "cds_config": watched(f"{configuration}/clusters.json", configuration),
                "lds_config": watched(f"{configuration}/listeners.json", configuration),
            },
        }
    )


def listeners_by_bound_port(state: LoadBalancerState) -> dict[int, list[Listener]]:
    """Listeners with an open port, of load balancers that exist, by that port; sorted."""
    bound: dict[int, list[Listener]] = {}
    for listener in state.listeners:
        if listener.bound_port is not None and state.load_balancer_of(listener) is not None:
            bound.setdefault(listener.bound_port, []).append(listener)
    return dict(sorted(bound.items()))


def watched(path: str, folder: str) -> dict[str, Any]:
    return {"path_config_source": {"path": path, "watched_directory": {"path": folder}}}


def resources(rendered: list[dict[str, Any]]) -> str:
    return text({"resources": rendered})


def text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"
