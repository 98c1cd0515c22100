"""Effects on container instances."""

from __future__ import annotations

from msgspec.structs import replace

from shipway.model import actions as act
from shipway.model.container_instance import ContainerInstance
from shipway.store.commit.editing import Effects
from shipway.store.store import Transaction


def drain_instance(tx: Transaction, action: act.DrainInstance, now_ms: int) -> bool:
    instance = tx.get(ContainerInstance, action.container_instance_arn)
    if instance is None or instance.status != "ACTIVE":
        return False
    tx.put(replace(instance, status="DRAINING", version=instance.version + 1))
    return True


def deregister_instance(tx: Transaction, action: act.DeregisterInstance, now_ms: int) -> bool:
    instance = tx.get(ContainerInstance, action.container_instance_arn)
    if instance is None or instance.status == "INACTIVE":
        return False
    tx.put(replace(instance, status="INACTIVE", deregistered_at=now_ms, version=instance.version + 1))
    return True


def forget_instance(tx: Transaction, action: act.ForgetInstance, now_ms: int) -> None:
    tx.delete(ContainerInstance, action.container_instance_arn)


EFFECTS: Effects = {
    act.DrainInstance: drain_instance,
    act.DeregisterInstance: deregister_instance,
    act.ForgetInstance: forget_instance,
}
