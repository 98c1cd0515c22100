"""Snapshots read from the state: the fleet of a cluster with what is left on each instance, and the task
network.
"""

from __future__ import annotations

from shipway.model.arn import Place
from shipway.model.cluster import FARGATE_CLUSTER
from shipway.model.snapshot import AddressPool, Fleet
from shipway.store.store import Reads, State


def fleet_of(state: Reads, cluster_arn: str) -> Fleet:
    """The cluster's container instances, sorted by ARN. Resources are free again only once a task is
    STOPPED.
    """
    return state.fleets.fleet(cluster_arn)


def fargate_fleet(state: State, place: Place) -> Fleet:
    """The hidden instances that Fargate tasks of every cluster run on."""
    return fleet_of(state, place.cluster(FARGATE_CLUSTER))


def fleet_for(state: State, cluster_arn: str, launch_type: str, place: Place) -> Fleet:
    return fargate_fleet(state, place) if launch_type == "FARGATE" else fleet_of(state, cluster_arn)


def address_pool(state: State, cidr: str) -> AddressPool:
    """The task network: its addresses that a task still holds, and the one given last."""
    return state.addresses.pool(cidr)
