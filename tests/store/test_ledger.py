"""The ledgers hold what a walk over all records would find, however the records got there."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shipway.model.container_instance import ContainerInstance
from shipway.model.resources import Remaining, Reservation
from shipway.model.snapshot import Fleet, InstanceView
from shipway.model.task import NetworkInterface, Task
from shipway.scheduler.addresses import next_address
from shipway.store import State, Store, Transaction
from shipway.store.fleet import address_pool, fleet_of
from tests.builders import CLUSTER, a_task, an_instance

CIDR = "10.47.0.0/24"


def walked(state: State) -> Fleet:
    """The fleet, found the slow way."""
    views = []
    for instance in state.by(ContainerInstance, "cluster_arn", CLUSTER):
        here = state.by(Task, "container_instance_arn", instance.container_instance_arn)
        tasks = [task for task in here if not task.stopped]
        left = Remaining(
            instance.cpu, instance.memory, frozenset(instance.ports_tcp), frozenset(), instance.gpu_ids
        )
        for task in tasks:
            left = left.minus(task.reservation)
        groups = Counter(task.group for task in tasks if task.desired_status == "RUNNING")
        daemon_tasks = sum(task.daemon for task in tasks)
        views.append(InstanceView(instance, left, dict(groups), len(tasks), daemon_tasks))
    return Fleet(CLUSTER, tuple(views))


def walked_addresses(state: State) -> int:
    held = [task.network_address for task in state.all(Task) if task.network_address]
    return sum(1 << int(address.rsplit(".", 1)[1]) for address in held)


@st.composite
def a_change(draw: st.DrawFn) -> tuple[str, int, dict[str, Any]]:
    what = draw(st.sampled_from(("task", "task", "task", "no task", "instance", "no instance")))
    number = draw(st.integers(1, 4))
    if what == "instance":
        elsewhere = draw(st.sampled_from((CLUSTER, CLUSTER, f"{CLUSTER}-2")))
        return what, number, {"cpu": draw(st.integers(0, 4096)), "cluster_arn": elsewhere}
    status = draw(st.sampled_from(("PENDING", "RUNNING", "STOPPED")))
    return (
        what,
        number,
        {
            "last_status": status,
            "desired_status": draw(st.sampled_from(("RUNNING", "STOPPED"))),
            "instance": draw(st.integers(1, 4)),
            "group": draw(st.sampled_from(("service:web", "family:job"))),
            "daemon": draw(st.booleans()),
            "reservation": Reservation(draw(st.integers(0, 2)), 1, draw(st.sampled_from(((), (80,))))),
            "interface": draw(st.sampled_from((None, an_interface(number)))),
        },
    )


def an_interface(number: int) -> NetworkInterface:
    return NetworkInterface(
        attachment_id=f"a-{number}",
        eni_id="eni-1",
        mac_address="02:42:0a:2f:00:04",
        private_ipv4_address=f"10.47.0.{number + 4}",
        subnet_id="subnet-1",
    )


def befall(tx: Transaction, change: tuple[str, int, dict[str, Any]]) -> None:
    what, number, members = change
    match what:
        case "task":
            tx.put(a_task(number, **members))
        case "no task":
            tx.delete(Task, a_task(number).task_arn)
        case "instance":
            tx.put(an_instance(number, **members))
        case _:
            tx.delete(ContainerInstance, an_instance(number).container_instance_arn)


class ChangedMindError(Exception):
    pass


@given(st.lists(st.tuples(st.lists(a_change(), max_size=4), st.booleans()), max_size=12))
def test_ledgers_hold_what_a_walk_finds(
    transactions: list[tuple[list[tuple[str, int, dict[str, Any]]], bool]],
) -> None:
    """After any changes, kept or undone, read within a transaction or after it."""
    store = Store.open(None)
    for changes, kept in transactions:
        try:
            with store.transaction() as tx:
                for change in changes:
                    befall(tx, change)
                assert fleet_of(tx, CLUSTER) == walked(tx)
                assert address_pool(tx, CIDR).taken == walked_addresses(tx)
                if not kept:
                    raise ChangedMindError
        except ChangedMindError:
            pass
        assert fleet_of(store.state, CLUSTER) == walked(store.state)
        assert address_pool(store.state, CIDR).taken == walked_addresses(store.state)


def test_a_fleet_in_which_nothing_changed_is_the_same_value() -> None:
    """A report that moves nothing on the instance makes no new fleet."""
    store = Store.open(None)
    with store.transaction() as tx:
        tx.put(an_instance(1))
        tx.put(a_task(1, last_status="PENDING"))
    fleet = fleet_of(store.state, CLUSTER)
    with store.transaction() as tx:
        task = tx.get(Task, a_task(1).task_arn)
        assert task is not None
        tx.put(replace(task, last_status="RUNNING"))
    assert fleet_of(store.state, CLUSTER) is fleet


def test_the_newest_holder_tells_where_the_search_goes_on() -> None:
    """Addresses of the task network are not reused at once, also after a restart."""
    store = Store.open(None)
    with store.transaction() as tx:
        tx.put(a_task(1, created_at=2, interface=an_interface(1)))
        tx.put(a_task(2, created_at=1, interface=an_interface(2)))
    assert next_address(address_pool(store.state, CIDR))[0] == "10.47.0.7"
