"""Which tasks go first when there are too many.

Pending first, then those that are not healthy; among equals those on DRAINING instances, then those of the
capacity provider that is furthest beyond its share, then by the service's placement strategy in reverse: a
spread takes from where most of the service's tasks are, a binpack from where most room is left. Without a
strategy: the fullest zone, in it the fullest instance. Then the newest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from shipway.model.record import Document
from shipway.model.snapshot import Fleet
from shipway.model.task import Task
from shipway.scheduler.capacity_strategy import excess, placed_by
from shipway.scheduler.health import Condition
from shipway.scheduler.strategies import INSTANCE, ZONE, in_words, left, spread_value
from shipway.scheduler.survey import Survey


class Crowd(msgspec.Struct, frozen=True):
    """The service's live tasks, and by which strategies a stop shall even them out."""

    tasks: tuple[Task, ...]
    strategies: tuple[Document, ...] = ()
    fleet: Fleet = Fleet("")  # attributes, and what is left
    providers: tuple[Document, ...] = ()  # the capacity provider strategy


def crowd_of(survey: Survey) -> Crowd:
    tasks = tuple([condition.task for condition in survey.live])
    snapshot, providers = survey.snapshot, survey.target.revision.capacity_provider_strategy
    return Crowd(tasks, snapshot.service.placement_strategy, snapshot.fleet, providers)


def pick(candidates: Iterable[Condition], count: int, crowd: Crowd | None = None) -> tuple[Condition, ...]:
    """The first `count` to go, protected ones excepted.

    All that decides between healthy tasks is their instance and capacity provider (Fargate's two share
    theirs), so they wait in piles, one a pair of these.
    """
    piles = piled(candidates)
    balance = Balance(crowd or Crowd(tuple(condition.task for pile in piles for condition in pile)))
    chosen: list[Condition] = []
    while piles and len(chosen) < count:
        pile = min(piles, key=lambda pile: (*rank(pile[-1]), *balance.key(pile[-1].task), *age(pile[-1])))
        condition = pile.pop()
        balance.forget(condition.task)
        chosen.append(condition)
        if not pile:
            piles.remove(pile)
    return tuple(chosen)


def piled(candidates: Iterable[Condition]) -> list[list[Condition]]:
    """By rank and instance; in each pile the newest comes last."""
    piles: dict[tuple[object, ...], list[Condition]] = defaultdict(list)
    for condition in candidates:
        if not condition.protected:
            task = condition.task
            where = (task.capacity_provider_name, task.container_instance_arn)
            piles[(*rank(condition), *where)].append(condition)
    return [sorted(pile, key=age, reverse=True) for pile in piles.values()]


def rank(condition: Condition) -> tuple[bool, bool, bool]:
    return not condition.pending, condition.healthy, not condition.displaced


def age(condition: Condition) -> tuple[int, str]:
    """The newest sorts first."""
    return -condition.task.created_at, condition.task.task_arn


class Balance:
    """How much each strategy wants a task gone. What has been picked no longer counts."""

    def __init__(self, crowd: Crowd) -> None:
        self._strategies = in_words(crowd.strategies)
        self._fleet = crowd.fleet
        self._providers = crowd.providers
        self._placed = placed_by(crowd.tasks)
        self._held: Counter[tuple[str, str | None]] = Counter()
        self._freed: Counter[tuple[str, str | None]] = Counter()
        for task in crowd.tasks:
            self._count(task, 1)

    def key(self, task: Task) -> tuple[float, ...]:
        over = excess(self._providers, self._placed, task.capacity_provider_name)
        return (-over, *(-self._weight(task, kind, field) for kind, field in self._strategies))

    def forget(self, task: Task) -> None:
        self._count(task, -1)
        self._placed[task.capacity_provider_name or ""] -= 1
        for resource in ("cpu", "memory"):
            self._freed[resource, task.container_instance_arn] += getattr(task.reservation, resource)

    def _count(self, task: Task, change: int) -> None:
        for kind, field in self._strategies:
            if kind == "spread":
                self._held[field, self._value(task, field)] += change

    def _weight(self, task: Task, kind: str, field: str) -> int:
        if kind == "spread":
            return self._held[field, self._value(task, field)]
        view = self._fleet.find(task.container_instance_arn or "")
        if kind == "binpack" and view is not None:
            return left(view, field) + self._freed[field, task.container_instance_arn]
        return 0

    def _value(self, task: Task, field: str) -> str | None:
        if field == ZONE:
            return task.availability_zone
        if field == INSTANCE:
            return task.container_instance_arn
        view = self._fleet.find(task.container_instance_arn or "")
        return spread_value(view, field) if view else None
