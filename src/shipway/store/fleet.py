"""Snapshots read from the state: the fleet of a cluster with what is left on each instance, and the task
network.
"""

from __future__ import annotations

from collections import Counter

from shipway.model.arn import Place
from shipway.model.cluster import FARGATE_CLUSTER
from shipway.model.container_instance import ContainerInstance
from shipway.model.resources import Remaining
from shipway.model.snapshot import AddressPool, Fleet, InstanceView
from shipway.model.task import Task
from shipway.store.store import State


def fleet_of(state: State, cluster_arn: str) -> Fleet:
    """The cluster's container instances, sorted by ARN. Resources are free again only once a task is
    STOPPED.
    """
    instances = state.by(ContainerInstance, "cluster_arn", cluster_arn)
    return Fleet(cluster_arn, tuple(view_of(state, instance) for instance in instances))


def fargate_fleet(state: State, place: Place) -> Fleet:
    """The hidden instances that Fargate tasks of every cluster run on."""
    return fleet_of(state, place.cluster(FARGATE_CLUSTER))


def fleet_for(state: State, cluster_arn: str, launch_type: str, place: Place) -> Fleet:
    return fargate_fleet(state, place) if launch_type == "FARGATE" else fleet_of(state, cluster_arn)


def view_of(state: State, instance: ContainerInstance) -> InstanceView:
    remaining = Remaining(
        instance.cpu,
        instance.memory,
        frozenset(instance.ports_tcp),
        frozenset(instance.ports_udp),
        instance.gpus,
    )
    tasks = [
        task
        for task in state.by(Task, "container_instance_arn", instance.container_instance_arn)
        if not task.stopped
    ]
    for task in tasks:
        remaining = remaining.minus(task.reservation)
    groups = Counter(task.group for task in tasks if task.desired_status == "RUNNING")
    return InstanceView(instance, remaining, dict(sorted(groups.items())), len(tasks))


def address_pool(state: State, cidr: str) -> AddressPool:
    """Addresses of the task network that a task still holds; the newest holder's comes as `last`."""
    taken = state.table(Task).values("network_address")
    newest = max(
        (task for address in taken for task in state.by(Task, "network_address", address)),
        key=lambda task: (task.created_at, task.task_arn),
        default=None,
    )
    return AddressPool(cidr, frozenset(taken), newest.network_address if newest else None)
