"""Keeps count of capacity providers' groups while a scenario is played; who has waited for them."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from shipway.drawing.timeline import Instances
from shipway.model.capacity_provider import AUTO_SCALING, CapacityProvider
from shipway.model.container_instance import ContainerInstance
from shipway.model.task import Task
from shipway.simulator.scenarios.book import GroupBook
from shipway.simulator.world import World
from shipway.store import Change


class GroupRecorder:
    def __init__(self, world: World) -> None:
        self.books: dict[str, GroupBook] = {}
        self._world = world
        self._dirty = True

    def begin(self) -> None:
        """Nothing of what has been."""
        self.books.clear()
        self._dirty = True

    def committed(self, changes: tuple[Change, ...]) -> None:
        if any(change.kind in (CapacityProvider, ContainerInstance) for change in changes):
            self._dirty = True

    def moment(self, now_s: float) -> Iterator[str]:
        """A moment is over. What is to be said of the groups that changed at it."""
        if not self._dirty:
            return
        self._dirty = False
        for provider in self._world.store.state.all(CapacityProvider):
            if provider.kind != AUTO_SCALING:
                continue
            size = provider.group_size
            book = self.books.setdefault(
                provider.name, GroupBook(name=provider.name, minimum=size.minimum, maximum=size.maximum)
            )
            last, new = book.samples[-1] if book.samples else None, self._count(provider, now_s)
            if last is None or replace(last, at_s=now_s) != new:
                book.samples.append(new)
                if last is not None:
                    yield from _said(last, new)

    @property
    def at_rest(self) -> bool:
        """No group is about to change by itself."""
        lasts = (book.samples[-1] for book in self.books.values())
        settled = not any(last.starting or last.leaving for last in lasts)
        return settled and all(p.spare_since is None for p in self._world.store.state.all(CapacityProvider))

    def _count(self, provider: CapacityProvider, now_s: float) -> Instances:
        there = {
            instance.member_number
            for instance in self._world.store.state.all(ContainerInstance)
            if instance.capacity_provider_name == provider.name and instance.status in ("ACTIVE", "DRAINING")
        }
        leaving = there & provider.leaving.keys()
        return Instances(
            at_s=now_s,
            provider=provider.name,
            running=len(there) - len(leaving),
            starting=len(set(provider.members) - there - provider.leaving.keys()),
            leaving=len(leaving),
        )


def _said(last: Instances, new: Instances) -> Iterator[str]:
    """Nothing of each instance that comes while others are on their way."""
    name = f"capacity provider {new.provider}"
    before, staying = last.running + last.starting, new.running + new.starting
    if staying > before:
        yield f"{name} starts {counted(staying - before)}: {before} -> {staying}"
    elif staying < before:
        yield f"{name} lets {counted(before - staying)} go: {before} -> {staying}"
    elif new.starting > last.starting:
        yield f"{name} starts {counted(new.starting - last.starting)} in the place of those that it lost"
    if last.starting and not new.starting:
        yield f"{name} has its {counted(new.running)}"
    if last.leaving and not new.leaving:
        yield f"{name} has terminated those that were to go"


def counted(count: int) -> str:
    return f"{count} instance" if count == 1 else f"{count} instances"


def has_waited(task: Task, before: object) -> bool:
    """For an instance of its capacity provider; it has one now, or it was given up."""
    waited = isinstance(before, Task) and before.unplaced is not None
    return waited and task.unplaced is None and task.capacity_provider_name is not None
