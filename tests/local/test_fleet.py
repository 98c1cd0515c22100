"""The fleet: instances come and go with clusters and settings; one that goes is terminated like a machine."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from shipway.model.container_instance import ContainerInstance
from shipway.model.task import Task
from shipway.store import Store
from tests.local.conftest import StandingClock
from tests.local.machines import PREFIX, Machines, a_cluster


def a_store(*clusters: str) -> Store:
    store = Store.open(None)
    with store.transaction() as tx:
        for name in clusters:
            tx.put(a_cluster(name))
    return store


def registered(store: Store, machines: Machines, name: str) -> ContainerInstance:
    """The agent of the name has registered and runs one task."""
    cluster = name.rpartition("-")[0]
    instance = ContainerInstance(
        container_instance_arn=f"{PREFIX}container-instance/{cluster}/{name}",
        cluster_arn=f"{PREFIX}cluster/{cluster}",
        ec2_instance_id=machines.identity(name).instance_id,
        agent_connected=True,
    )
    task = Task(
        task_arn=f"{PREFIX}task/{cluster}/{name}",
        cluster_arn=instance.cluster_arn,
        task_definition_arn=f"{PREFIX}task-definition/web:1",
        created_at=0,
        last_status="RUNNING",
        container_instance_arn=instance.container_instance_arn,
    )
    with store.transaction() as tx:
        tx.put(instance)
        tx.put(task)
    return instance


def ends(store: Store) -> list[tuple[str, str | None, str | None]]:
    return [(task.task_id, task.stop_code, task.stopped_reason) for task in store.state.all(Task)]


async def test_the_fleet_follows_the_clusters(tmp_path: Path, clock: StandingClock) -> None:
    """A cluster's instances come with it and go with it; what is there already is left alone."""
    store = a_store("a")
    machines = Machines(store, clock, tmp_path)
    await machines.fleet.start()
    assert await machines.told(2) == ["start a-1 127.0.1.1", "start a-2 127.0.1.2"]
    with store.transaction() as tx:
        tx.put(a_cluster("b"))
    assert await machines.told(2) == ["start b-1 127.0.1.3", "start b-2 127.0.1.4"]
    ids = [machines.identity(name).instance_id for name in ("a-1", "a-2")]
    with store.transaction() as tx:
        tx.put(a_cluster("a", "INACTIVE"))
    assert await machines.told(4) == [*(f"clear abc {i}" for i in sorted(ids)), "stop a-1", "stop a-2"]
    assert [status.part for status in machines.fleet.statuses()] == ["agent b-1", "agent b-2"]
    await machines.fleet.stop()
    assert await machines.told(2) == ["stop b-1", "stop b-2"]
    assert machines.story.empty()


async def test_fewer_instances_end_those_that_are_too_many(tmp_path: Path, clock: StandingClock) -> None:
    """After an `up` with fewer, the last one is a terminated host: its record, its task, its folder."""
    store = a_store("a")
    before = Machines(store, clock, tmp_path)
    await before.fleet.start()
    instances = [registered(store, before, name) for name in ("a-1", "a-2")]
    await before.fleet.stop()

    after = Machines(store, clock, tmp_path, instances=1)
    await after.fleet.start()
    assert await after.told(2) == [f"clear abc {instances[1].ec2_instance_id}", "start a-1 127.0.1.1"]
    statuses = [instance.status for instance in store.state.all(ContainerInstance)]
    assert statuses == ["ACTIVE", "INACTIVE"]
    assert ends(store) == [
        ("a-1", None, None),
        (
            "a-2",
            "TerminationNotice",
            f"Host EC2 (instance {instances[1].ec2_instance_id}) terminated.",
        ),
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["a-1"]
    await after.fleet.stop()


async def test_another_comes_for_one_that_was_deregistered(tmp_path: Path, clock: StandingClock) -> None:
    """Under the same name, as another machine; what was said of the tasks' end stays."""
    store = a_store("a")
    machines = Machines(store, clock, tmp_path, instances=1)
    await machines.fleet.start()
    assert await machines.told(1) == ["start a-1 127.0.1.1"]
    instance = registered(store, machines, "a-1")
    (task,) = store.state.all(Task)
    with store.transaction() as tx:
        tx.put(task_ended_by_user(task))
        tx.put(inactive(instance))
    assert await machines.told(3) == [
        f"clear abc {instance.ec2_instance_id}",
        "start a-1 127.0.1.1",
        "stop a-1",
    ]
    assert machines.identity("a-1").instance_id != instance.ec2_instance_id
    assert ends(store) == [("a-1", "UserInitiated", "forced")]
    await machines.fleet.stop()


def task_ended_by_user(task: Task) -> Task:
    words = {"stop_code": "UserInitiated", "stopped_reason": "forced"}
    return replace(task, last_status="STOPPED", desired_status="STOPPED", **words)


def inactive(instance: ContainerInstance) -> ContainerInstance:
    return replace(instance, status="INACTIVE")


async def test_power_is_lost_at_once_and_told_a_while_later(tmp_path: Path, clock: StandingClock) -> None:
    """Agent and containers end; ECS knows the instance until EC2 has terminated it, and another comes."""
    store = a_store("a")
    machines = Machines(store, clock, tmp_path, power_loss_ms=50)
    await machines.fleet.start()
    await machines.told(2)
    first, second = (registered(store, machines, name) for name in ("a-1", "a-2"))
    assert await machines.fleet.lose_power([first.ec2_instance_id], returns=True) == [first.ec2_instance_id]
    assert await machines.told(2) == [f"clear abc {first.ec2_instance_id}", "stop a-1"]
    assert [instance.status for instance in store.state.all(ContainerInstance)] == ["ACTIVE", "ACTIVE"]
    assert await machines.told(2) == [f"clear abc {first.ec2_instance_id}", "start a-1 127.0.1.1"]
    reason = f"Host EC2 (instance {first.ec2_instance_id}) terminated."
    assert ends(store)[0] == ("a-1", "TerminationNotice", reason)
    assert machines.identity("a-1").instance_id != first.ec2_instance_id

    await machines.fleet.lose_power([second.ec2_instance_id], returns=False)
    assert await machines.told(3) == [*(f"clear abc {second.ec2_instance_id}" for _ in range(2)), "stop a-2"]
    with store.transaction() as tx:
        tx.put(a_cluster("b"))
    assert await machines.told(2) == ["start b-1 127.0.1.2", "start b-2 127.0.1.3"]
    await machines.fleet.stop()
