"""Ledgers that follow the records: what is left on each container instance, which addresses are taken.

They are told of every change, undone ones too, and touch only what changed: the fleet of a cluster in which
nothing happened is the very same value as before.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from ipaddress import IPv4Network
from typing import TypeVar

from shipway.model.container_instance import ContainerInstance
from shipway.model.resources import Remaining, Reservation
from shipway.model.snapshot import AddressPool, Fleet, InstanceView, Memo
from shipway.model.task import Task

T = TypeVar("T")


class Taken:
    """What the tasks of one container instance take together."""

    __slots__ = ("cpu", "daemon_tasks", "gpu_ids", "groups", "memory", "ports_tcp", "ports_udp", "tasks")

    def __init__(self) -> None:
        self.cpu = self.memory = self.tasks = self.daemon_tasks = 0
        self.ports_tcp: Counter[int] = Counter()
        self.ports_udp: Counter[int] = Counter()
        self.gpu_ids: Counter[str] = Counter()
        self.groups: Counter[str] = Counter()

    def count(self, task: Task, sign: int) -> None:
        reservation: Reservation = task.reservation
        self.tasks += sign
        self.daemon_tasks += sign * task.daemon
        self.cpu += sign * reservation.cpu
        self.memory += sign * reservation.memory
        for gpu_id in task.gpu_ids if reservation.gpus else ():
            _add(self.gpu_ids, gpu_id, sign)
        for port in reservation.ports_tcp:
            _add(self.ports_tcp, port, sign)
        for port in reservation.ports_udp:
            _add(self.ports_udp, port, sign)
        if task.desired_status == "RUNNING":
            _add(self.groups, task.group, sign)

    def view(self, instance: ContainerInstance) -> InstanceView:
        remaining = Remaining(
            instance.cpu - self.cpu,
            instance.memory - self.memory,
            frozenset(instance.ports_tcp).union(self.ports_tcp),
            frozenset(instance.ports_udp).union(self.ports_udp),
            tuple(gpu_id for gpu_id in instance.gpu_ids if gpu_id not in self.gpu_ids),
        )
        groups = dict(sorted(self.groups.items()))
        return InstanceView(instance, remaining, groups, self.tasks, self.daemon_tasks)


class ClusterLedger:
    """The container instances of one cluster, by ARN; `stale` are those whose view must be made anew."""

    def __init__(self) -> None:
        self.instances: dict[str, ContainerInstance] = {}
        self.stale: set[str] = set()
        self.membership_changed = True
        self.arns: list[str] = []
        self.views: list[InstanceView] = []
        self.fleet: Fleet | None = None
        self.memo = Memo()


class FleetLedger:
    def __init__(self) -> None:
        self._clusters: dict[str, ClusterLedger] = {}
        self._cluster_of: dict[str, str] = {}
        self._taken: dict[str, Taken] = {}

    def fleet(self, cluster_arn: str) -> Fleet:
        cluster = self._clusters.get(cluster_arn)
        if cluster is None:
            return Fleet(cluster_arn)
        if cluster.fleet is None or cluster.stale or cluster.membership_changed:
            self._refresh(cluster)
            cluster.fleet = Fleet(cluster_arn, tuple(cluster.views), cluster.memo)
        return cluster.fleet

    def note_task(self, before: Task | None, after: Task | None) -> None:
        old, new = place_of(before), place_of(after)
        if old == new and before is not None and after is not None and counts_alike(before, after):
            return
        if old is not None and before is not None:
            self._count(old, before, -1)
        if new is not None and after is not None:
            self._count(new, after, +1)

    def note_instance(self, before: ContainerInstance | None, after: ContainerInstance | None) -> None:
        if before is not None and (after is None or before.cluster_arn != after.cluster_arn):
            cluster = self._clusters[before.cluster_arn]
            del cluster.instances[before.container_instance_arn]
            cluster.stale.discard(before.container_instance_arn)
            cluster.membership_changed = True
            del self._cluster_of[before.container_instance_arn]
        if after is not None:
            arn = after.container_instance_arn
            cluster = self._clusters.setdefault(after.cluster_arn, ClusterLedger())
            cluster.membership_changed |= arn not in cluster.instances
            cluster.instances[arn] = after
            cluster.stale.add(arn)
            self._cluster_of[arn] = after.cluster_arn

    def _count(self, arn: str, task: Task, sign: int) -> None:
        taken = self._taken.setdefault(arn, Taken())
        taken.count(task, sign)
        if not taken.tasks:
            del self._taken[arn]
        if arn in self._cluster_of:
            self._clusters[self._cluster_of[arn]].stale.add(arn)

    def _refresh(self, cluster: ClusterLedger) -> None:
        if cluster.membership_changed:
            known = dict(zip(cluster.arns, cluster.views, strict=True))
            cluster.arns = sorted(cluster.instances)
            cluster.views = [
                self._view(cluster, arn) if arn in cluster.stale else known[arn] for arn in cluster.arns
            ]
            cluster.membership_changed = False
        else:
            for arn in cluster.stale:
                cluster.views[bisect_left(cluster.arns, arn)] = self._view(cluster, arn)
        cluster.stale.clear()

    def _view(self, cluster: ClusterLedger, arn: str) -> InstanceView:
        return (self._taken.get(arn) or NOTHING).view(cluster.instances[arn])


class AddressLedger:
    """`held` lists the addresses that tasks hold at this moment; a network is read from it once."""

    def __init__(self, held: Callable[[], Iterable[str]]) -> None:
        self._held = held
        self._bits: dict[str, int] = {}
        self._newest: tuple[int, str, str] | None = None

    def pool(self, cidr: str) -> AddressPool:
        if cidr not in self._bits:
            bits = 0
            for address in self._held():
                bits |= _bit(cidr, address)
            self._bits[cidr] = bits
        return AddressPool(cidr, self._bits[cidr], self._newest[2] if self._newest else None)

    def note(self, before: Task | None, after: Task | None) -> None:
        old = before.network_address if before is not None else None
        new = after.network_address if after is not None else None
        if old == new:
            return
        for cidr in self._bits:
            if old is not None:
                self._bits[cidr] &= ~_bit(cidr, old)
            if new is not None:
                self._bits[cidr] |= _bit(cidr, new)
        if new is not None and after is not None:
            held = (after.created_at, after.task_arn, new)
            self._newest = max(self._newest or held, held)


NOTHING = Taken()


def place_of(task: Task | None) -> str | None:
    return None if task is None or task.stopped else task.container_instance_arn


def counts_alike(one: Task, other: Task) -> bool:
    return (
        one.reservation == other.reservation
        and one.group == other.group
        and one.desired_status == other.desired_status
        and one.daemon == other.daemon
    )


def _add(counter: Counter[T], name: T, sign: int) -> None:
    counter[name] += sign
    if not counter[name]:
        del counter[name]


def _bit(cidr: str, address: str) -> int:
    network = IPv4Network(cidr)
    number = 0
    for part in address.split("."):
        number = number << 8 | int(part)
    offset = number - int(network.network_address)
    return 1 << offset if 0 <= offset < network.num_addresses else 0
