"""Take the deploy lock, hold it while something is done, let go of it whatever happens.

Tags are not compare-and-set: two who write at the same moment both succeed, and the later one's value stays.
So the lock is read back after it was written, and again right before a service is touched; whoever finds
another's token there stops, and nothing of the service is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.calls import DENIED_CODES
from shipway.deploy.edge.person import ended_here
from shipway.deploy.errors import AwsRefusal, DeployError
from shipway.deploy.planning.lock import Lock, in_the_way, lock_key, locks_of
from shipway.deploy.steering import UNENDED
from shipway.deploy.tools import Tools

Members = dict[str, Any]

LOOK_EVERY_S = 2.0


@dataclass(frozen=True)
class LockWish:
    """Whose lock it would be, why, and how long to wait for others."""

    token: str
    owner: str
    reason: str = ""
    process: int | None = None
    wait_s: float = 0.0
    ended: Callable[[str, int | None], bool] = field(default=ended_here, repr=False)

    def lock(self, now_ms: int, for_s: float | None) -> Lock:
        until_ms = None if for_s is None else now_ms + int(for_s * 1000)
        return Lock(self.token, self.owner, self.reason, now_ms, until_ms, self.process)


class Held:
    """A lock that is ours; `arn` is None where there is nothing to hold it by."""

    def __init__(self, aws: Aws, services: tuple[str, ...], token: str, tools: Tools) -> None:
        self.aws = aws
        self.services = services
        self.token = token
        self.tools = tools
        self.arn: str | None = None

    def by(self, aws: Aws) -> Held:
        """The same lock, looked at by another thread's way to AWS."""
        held = Held(aws, self.services, self.token, self.tools)
        held.arn = self.arn
        return held

    def check(self) -> None:
        """Still ours? Whoever took it over (it had expired, or at the same moment) goes first."""
        if self.arn is None:
            return
        _, locks = cluster_locks(self.aws, self.services)
        now_ms = self.tools.pace.now_ms()
        for service in self.services:
            lock = locks.get(service)
            if lock is None or lock.token != self.token:
                what = lock.text(now_ms) if lock else "removed"
                raise DeployError(
                    f"The deploy lock of {service} was lost: it is {what}. "
                    "Nothing of the service was touched; deploy again when it is free."
                )

    def let_go(self) -> None:
        if self.arn is None:
            return
        arn, locks = cluster_locks(self.aws, self.services)
        ours = [name for name in self.services if name in locks and locks[name].token == self.token]
        if arn is not None and ours:
            self.aws.ecs.untag(arn, [lock_key(name) for name in ours])


@contextmanager
def locked(
    aws: Aws, services: tuple[str, ...], wish: LockWish | None, tools: Tools, for_s: float
) -> Iterator[Held]:
    """Hold the lock of these services; it lasts `for_s` should we be killed."""
    held = Held(aws, services, wish.token if wish else "", tools)
    try:
        if wish is not None:
            _take(held, wish, for_s)
        if wish is not None and wish.wait_s > 0 and held.arn is not None:
            _wait_for_deployments(held, wish.wait_s)
        yield held
    finally:
        with tools.interruption.held():
            try:
                held.let_go()
            except DeployError as error:
                tools.progress.say(f"the deploy lock stays until it expires: {error.sentence}")


def cluster_locks(aws: Aws, services: tuple[str, ...]) -> tuple[str | None, dict[str, Lock]]:
    """The cluster's ARN, None when there is no cluster, and the locks of these services."""
    cluster = aws.ecs.cluster_described(tags=True)
    if cluster is None:
        return None, {}
    return str(cluster["clusterArn"]), locks_of(cluster.get("tags") or (), services)


def _take(held: Held, wish: LockWish, for_s: float) -> None:
    """A cluster that does not exist yet has no place for a lock; whoever comes second finds it locked."""
    pace, progress = held.tools.pace, held.tools.progress
    until_ms = pace.now_ms() + int(wish.wait_s * 1000)
    told: dict[str, Lock] = {}
    while True:
        arn, locks = cluster_locks(held.aws, held.services)
        if arn is None:
            return
        others = in_the_way(locks, held.services, wish.token, pace.now_ms())
        others = {name: lock for name, lock in others.items() if not _left_behind(name, lock, wish, progress)}
        if not others:
            # A signal between the tag and our knowing of it would leave it behind.
            with held.tools.interruption.held():
                written = _written(held, arn, wish.lock(pace.now_ms(), for_s))
            with held.tools.interruption.opened():
                pass
            if written:
                return
        if pace.now_ms() >= until_ms and others:
            name, lock = next(iter(others.items()))
            raise DeployError(
                f"The service {name} on {held.aws.ecs.cluster} is {lock.text(pace.now_ms())}. "
                "Wait for it with --lock-wait 10m, or remove it with `shipway unlock`."
            )
        if others and others != told:
            progress.say("; ".join(f"{name} is {lock.text(pace.now_ms())}" for name, lock in others.items()))
            told = others
        progress.now(f"waiting for the deploy lock of {', '.join(others or held.services)}")
        pace.pause(LOOK_EVERY_S)


def _left_behind(name: str, lock: Lock, wish: LockWish, progress: Any) -> bool:
    """A deployment of this machine that was killed cannot let go of its lock any more."""
    if not wish.ended(lock.owner, lock.process):
        return False
    progress.say(f"{name} is {lock.text(lock.since_ms)}; that process has ended, so its lock counts no more")
    return True


def _written(held: Held, arn: str, lock: Lock) -> bool:
    """Whether it is ours, once it was written and read back."""
    try:
        held.aws.ecs.tag(arn, [lock.tag(name) for name in held.services])
    except AwsRefusal as refusal:
        if refusal.code not in DENIED_CODES:
            raise
        held.tools.progress.say(f"note: deploying without a lock: {refusal.sentence}")
        return True
    _, locks = cluster_locks(held.aws, held.services)
    held.arn = arn
    ours = [name for name in held.services if name in locks and locks[name].token == lock.token]
    if len(ours) == len(held.services):
        return True
    held.let_go()
    held.arn = None
    return False


def _wait_for_deployments(held: Held, wait_s: float) -> None:
    """Those that nobody watches any more, or that were begun without a lock."""
    pace, until_ms = held.tools.pace, held.tools.pace.now_ms() + int(wait_s * 1000)
    for name in held.services:
        while held.aws.ecs.service(name) and (running := held.aws.ecs.service_deployments(name, UNENDED)):
            arn = str(running[0]["serviceDeploymentArn"]).rpartition("/")[2]
            if pace.now_ms() >= until_ms:
                raise DeployError(
                    f"The deployment {arn} of {name} is still {running[0].get('status')} after "
                    f"{wait_s:.0f} s. Wait longer, cancel it with `shipway cancel`, or deploy without "
                    "--lock-wait to supersede it."
                )
            held.tools.progress.now(f"waiting for the deployment {arn} of {name} to end")
            pace.pause(LOOK_EVERY_S)
