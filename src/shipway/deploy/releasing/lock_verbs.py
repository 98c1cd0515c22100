"""`shipway lock` and `unlock`: the lock taken by hand, looked at, and removed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError
from shipway.deploy.planning.lock import Lock, in_the_way, lock_key
from shipway.deploy.releasing.locking import Held, LockWish, cluster_locks
from shipway.deploy.tools import Tools

Members = dict[str, Any]


@dataclass(frozen=True)
class LockReport:
    """The lock of each service, None where it is free."""

    cluster: str
    locks: dict[str, Lock | None]
    now_ms: int

    def text(self) -> str:
        return "\n".join(
            f"{name} on {self.cluster}: {lock.text(self.now_ms) if lock else 'not locked'}"
            for name, lock in self.locks.items()
        )

    def as_document(self) -> Members:
        """For `-o json`."""
        found = {name: None if lock is None else _document(lock) for name, lock in self.locks.items()}
        return {"cluster": self.cluster, "locks": found}


def _document(lock: Lock) -> Members:
    return {
        "owner": lock.owner,
        "reason": lock.reason,
        "sinceMs": lock.since_ms,
        "untilMs": lock.until_ms,
    }


def lock_status(aws: Aws, services: tuple[str, ...], tools: Tools) -> LockReport:
    arn, locks = cluster_locks(aws, services)
    _required(aws, arn)
    now_ms = tools.pace.now_ms()
    standing = {name: locks.get(name) for name in services}
    found = {name: lock if lock and lock.stands(now_ms) else None for name, lock in standing.items()}
    return LockReport(aws.ecs.cluster, found, now_ms)


def lock_by_hand(
    aws: Aws, services: tuple[str, ...], wish: LockWish, tools: Tools, for_s: float | None
) -> LockReport:
    """It stays when this command ends: no process is named in it."""
    arn, locks = cluster_locks(aws, services)
    arn = _required(aws, arn)
    now_ms = tools.pace.now_ms()
    for name, lock in in_the_way(locks, services, wish.token, now_ms).items():
        raise DeployError(f"The service {name} on {aws.ecs.cluster} is {lock.text(now_ms)}.")
    lock = replace(wish, process=None).lock(now_ms, for_s)
    aws.ecs.tag(arn, [lock.tag(name) for name in services])
    held = Held(aws, services, wish.token, tools)
    held.arn = arn
    held.check()
    return lock_status(aws, services, tools)


def unlock(aws: Aws, services: tuple[str, ...], owner: str, tools: Tools, *, force: bool) -> LockReport:
    """One's own lock, or with `force` anybody's."""
    arn, locks = cluster_locks(aws, services)
    arn = _required(aws, arn)
    now_ms = tools.pace.now_ms()
    held = [name for name in services if name in locks]
    for name in held:
        if not force and locks[name].stands(now_ms) and locks[name].owner != owner:
            raise DeployError(
                f"The service {name} is {locks[name].text(now_ms)}. It is not yours ({owner}); "
                "ask, then give --force."
            )
    if held:
        aws.ecs.untag(arn, [lock_key(name) for name in held])
    return lock_status(aws, services, tools)


def _required(aws: Aws, arn: str | None) -> str:
    if arn is None:
        raise DeployError(
            f"The cluster {aws.ecs.cluster!r} does not exist here, so nothing in it can be locked. "
            "Correct the name, or create it."
        )
    return arn
