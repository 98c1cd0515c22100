"""The capacity loop against a store: tasks that wait make the group grow; it is told of what concerns it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from shipway.model.arn import Place
from shipway.model.capacity_provider import AUTO_SCALING, CapacityProvider, GroupSize
from shipway.model.record import Record
from shipway.model.resources import Reservation
from shipway.model.snapshot import InstanceSize
from shipway.model.task import Task
from shipway.reconcile.capacity import CapacityTurn
from shipway.reconcile.surroundings import Surroundings
from shipway.seams import SeededIds
from shipway.store import Change, Store
from tests.builders import PLACE, START_MS, a_cluster, a_task, a_task_definition, an_instance

PROVIDER = CapacityProvider(
    capacity_provider_arn=PLACE.capacity_provider("asg"), kind=AUTO_SCALING, auto_scaling_group_arn="workers"
)


class Standing:
    def now_ms(self) -> int:
        return START_MS


class OneGroup:
    """Auto Scaling with one group, or with none."""

    def __init__(self, size: GroupSize | None = None, large: InstanceSize | None = None) -> None:
        self.known, self.large = size, large

    def size(self, auto_scaling_group_arn: str) -> GroupSize | None:
        return self.known if auto_scaling_group_arn == "workers" else None

    def new_instance(self, auto_scaling_group_arn: str) -> InstanceSize | None:
        return self.large


def surroundings(*records: Record, groups: OneGroup | None = None) -> Surroundings:
    store = Store.open(None)
    with store.transaction() as tx:
        for record in (a_cluster(capacity_providers=("asg",)), PROVIDER, a_task_definition(), *records):
            tx.put(record)
    place = Place(PLACE.account_id, PLACE.region)
    return Surroundings(
        store=store,
        clock=Standing(),
        ids=SeededIds(1),
        place=place,
        groups=groups or OneGroup(),
        new_instance=InstanceSize(1024, 1024),
    )


def wish(number: int, **changes: Any) -> Task:
    waits: dict[str, Any] = {"last_status": "PROVISIONING", "container_instance_arn": None}
    return a_task(number, capacity_provider_name="asg", **waits, **changes)


async def look(around: Surroundings) -> CapacityProvider:
    """The provider after a look at everything."""
    turn = CapacityTurn(around)
    turn.look_at_everything()
    result = await turn()
    assert result.failure is None
    (provider,) = around.store.state.all(CapacityProvider)
    return provider


async def test_waiting_tasks_make_the_group_grow() -> None:
    """And the reservation is there for CloudWatch."""
    around = surroundings(wish(1), wish(2))
    assert (await look(around)).members == (1,)
    (series,) = around.metrics.all()
    assert series.namespace == "AWS/ECS/ManagedScaling"
    assert dict(series.dimensions) == {"CapacityProviderName": "asg", "ClusterName": "demo"}
    assert around.metrics.datapoints(series, START_MS)[-1][1] == 200
    assert (await look(around)).members == (1,), "nothing more while it starts"


async def test_the_auto_scaling_group_says_how_large() -> None:
    """While there is one; its last word counts when it is gone."""
    groups = OneGroup(GroupSize(minimum=2, maximum=3))
    around = surroundings(groups=groups)
    assert (await look(around)).members == (1, 2)
    groups.known = None
    assert (await look(around)).group_size == GroupSize(minimum=2, maximum=3)


async def test_a_group_s_instances_have_their_own_size() -> None:
    """Both tasks fit on one of them, and on no other here."""
    groups = OneGroup(large=InstanceSize(4096, 4096))
    room = Reservation(cpu=2048, memory=2048)
    around = surroundings(wish(1, reservation=room), wish(2, reservation=room), groups=groups)
    assert (await look(around)).members == (1,)


@pytest.mark.parametrize("associated", [True, False])
async def test_its_own_instances_count(associated: bool) -> None:
    """A registered member without tasks is spare; without an association everybody goes."""
    numbered: dict[str, str | None] = {"shipway.member": "1", "shipway.capacity-provider": "asg"}
    instance = an_instance(1, capacity_provider_name="asg", custom_attributes=numbered)
    around = surroundings(instance, replace(PROVIDER, members=(1,)))
    if not associated:
        with around.store.transaction() as tx:
            tx.put(a_cluster())
    provider = await look(around)
    assert (provider.members, provider.spare_since) == (((1,), START_MS) if associated else ((), None))


@pytest.mark.parametrize("ghost", [1, 3])
async def test_a_machine_that_registered_twice_is_one_member(ghost: int) -> None:
    """The record without its agent does not hide that there are tasks on the other: it is not empty."""
    numbered: dict[str, str | None] = {"shipway.member": "1", "shipway.capacity-provider": "asg"}
    members: dict[str, Any] = {"capacity_provider_name": "asg", "custom_attributes": numbered}
    around = surroundings(
        an_instance(ghost, agent_connected=False, **members),
        an_instance(2, **members),
        a_task(1, instance=2, capacity_provider_name="asg"),
        replace(PROVIDER, members=(1,)),
    )
    provider = await look(around)
    assert (provider.members, provider.leaving, provider.spare_since) == ((1,), {}, None)


@pytest.mark.parametrize(
    ("records", "hears"),
    [
        ((wish(1),), True),
        ((a_task(1),), False),
        ((a_task(1, instance=2),), True),
        ((an_instance(2, capacity_provider_name="asg"),), True),
        ((an_instance(3),), False),
        ((a_cluster(capacity_providers=("asg",)),), True),
        ((replace(PROVIDER, draining=False),), True),
    ],
)
def test_what_concerns_a_provider(records: Iterable[Record], hears: bool) -> None:
    """Its waiting tasks, tasks on its instances, the instances, the cluster, its settings; nothing else."""
    around = surroundings(an_instance(2, capacity_provider_name="asg"), an_instance(1))
    changes = tuple(Change(type(record), record.key, None, record) for record in records)
    assert CapacityTurn(around).hear(changes) is hears


def test_without_providers_nothing_is_heard() -> None:
    """Who has none pays nothing."""
    around = surroundings()
    with around.store.transaction() as tx:
        tx.delete(CapacityProvider, PROVIDER.key)
    assert not CapacityTurn(around).hear((Change(Task, "t", None, wish(1)),))
