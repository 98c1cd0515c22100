"""Snapshots read from the state: the fleet of a cluster with what is left on each instance, and the task
network.
"""

from __future__ import annotations

from shipway.model.arn import Place
from shipway.model.capacity_provider import CapacityProvider, has_own_instances
from shipway.model.cluster import FARGATE_CLUSTER, Cluster
from shipway.model.snapshot import AddressPool, Fleet, Provisioning
from shipway.model.task import Task
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


def provisioning_of(state: Reads, cluster_arn: str) -> Provisioning:
    """Which of the cluster's capacity providers scale by themselves, and how many tasks wait for them."""
    cluster = state.get(Cluster, cluster_arn)
    own = [name for name in cluster.capacity_providers if has_own_instances(name)] if cluster else []
    if not own:
        return Provisioning()
    providers = [provider for provider in state.all(CapacityProvider) if provider.name in own]
    waiting = state.by(Task, "unplaced", cluster_arn)
    return Provisioning(
        frozenset(provider.name for provider in providers if provider.scales),
        sum(has_own_instances(task.capacity_provider_name) for task in waiting),
    )


def address_pool(state: State, cidr: str) -> AddressPool:
    """The task network: its addresses that a task still holds, and the one given last."""
    return state.addresses.pool(cidr)
