"""The ground of one pass: the fleet with what the pass has placed already, and the addresses that are left.

The only thing here that changes while a pass decides; nothing of it outlives the pass. What it chooses is
what `placement.place` would choose, task after task (a property test holds them together), without a walk
over the fleet for each.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from shipway.model.capacity_provider import has_own_instances
from shipway.model.snapshot import AddressPool, Fleet, InstanceView, Provisioning
from shipway.model.task import Task
from shipway.scheduler.birth import Birth, new_task
from shipway.scheduler.capacity_strategy import PROVISIONING_MAX
from shipway.scheduler.filters import Wanted
from shipway.scheduler.fleet_index import WISHES_MAX, index_of
from shipway.scheduler.nearest_miss import NearestMiss
from shipway.scheduler.placement import Failure, active, failures_of, occupied, place
from shipway.scheduler.preference import Lottery, Preference, preference_of
from shipway.scheduler.strategies import Chance, arn_of
from shipway.seams import Ids

NO_INSTANCES = Failure("", "No Container Instances were found in your cluster.", "the cluster has none")
NO_PROVIDER_INSTANCES = Failure(
    "", "No Container Instances were found in your capacity provider.", "its group has none"
)
PROVISIONING_LIMIT = Failure(
    "", "tasks provisioning capacity limit", f"{PROVISIONING_MAX} tasks of the cluster wait already"
)


class Ground:
    def __init__(
        self,
        fleet: Fleet,
        addresses: AddressPool | None = None,
        stopping: Iterable[Task] = (),
        provisioning: Provisioning | None = None,
        replaced: Iterable[Task] = (),
    ) -> None:
        self.addresses = addresses or AddressPool()
        self._provisioning = provisioning or Provisioning()
        self._waiting = self._provisioning.waiting
        self._fleet = fleet
        self._index = index_of(fleet)
        self._changed: dict[str, InstanceView] = {}
        self._preferences: dict[object, Preference | Lottery] = {}
        stopping = tuple(stopping)
        self._lost = {task.task_arn for task in (*stopping, *replaced)}
        for task in stopping:
            self._leave(task)

    @property
    def fleet(self) -> Fleet:
        """As it is now."""
        if not self._changed:
            return self._fleet
        changed = self._changed
        views = tuple(changed.get(arn_of(view), view) for view in self._fleet.instances)
        return replace(self._fleet, instances=views)

    def find(self, container_instance_arn: str) -> InstanceView | None:
        return self._changed.get(container_instance_arn) or self._index.by_arn.get(container_instance_arn)

    def loses(self, task: Task) -> bool:
        """It stops in this pass, or as soon as another has taken its place."""
        return task.task_arn in self._lost or task.container_instance_arn in self._index.draining

    def place(self, wanted: Wanted, chance: Chance) -> InstanceView | None:
        """The instance that takes the task, as it was before; from now on the task counts there."""
        kind = preference_of(wanted)
        if kind is None:
            chosen = place(self.fleet, wanted, chance).instance
        else:
            chosen = self._preference(kind, wanted).best(chance)
        if chosen is not None:
            self.take(chosen, wanted)
        return chosen

    def take(self, view: InstanceView, wanted: Wanted) -> None:
        arn = arn_of(view)
        self._changed[arn] = occupied(view, wanted)
        for preference in self._preferences.values():
            preference.hear(arn)

    def refusal(self, birth: Birth, wanted: Wanted) -> Failure | None:
        """Why a task that found no instance cannot even be born unplaced; None when it may wait for capacity.

        Fargate makes its instances when they are needed; a provider with managed scaling adds some.
        """
        provider = birth.capacity_provider_name
        if birth.launch_type == "FARGATE":
            connected = any(view.instance.agent_connected for view in active(self._fleet))
            return (self.nearest_failure(wanted) or NO_INSTANCES) if connected else None
        if provider in self._provisioning.scaled:
            return PROVISIONING_LIMIT if self._waiting >= PROVISIONING_MAX else None
        nowhere = NO_PROVIDER_INSTANCES if has_own_instances(provider) else NO_INSTANCES
        return self.nearest_failure(wanted) or nowhere

    def bear(self, birth: Birth, view: InstanceView | None, ids: Ids) -> Task:
        """A task on the instance, or unplaced; it takes an address if it needs one. Raises NoAddressLeft."""
        self._waiting += view is None
        instance, gpu_ids = (view.instance, view.remaining.gpu_ids) if view else (None, ())
        task, self.addresses = new_task(birth, instance, self.addresses, ids, gpu_ids)
        return task

    def failures(self, wanted: Wanted) -> tuple[Failure, ...]:
        return failures_of(active(self.fleet), wanted)

    def nearest_failure(self, wanted: Wanted) -> Failure | None:
        """Of whom was nearest to fitting: the first of `failures`. None when there is nobody to speak of."""
        misses, key = self._index.misses, wish_key(wanted)
        if len(misses) > WISHES_MAX:
            misses.clear()
        known = misses.setdefault(key, NearestMiss())
        assert isinstance(known, NearestMiss)
        return known.failure(self._index, wanted, self._changed)

    def _leave(self, task: Task) -> None:
        """A task that is told to stop leaves its group at once and frees its resources later."""
        view = self.find(task.container_instance_arn or "")
        if view is not None and view.groups.get(task.group):
            groups = {**view.groups, task.group: view.groups[task.group] - 1}
            left = {group: count for group, count in groups.items() if count}
            self._changed[arn_of(view)] = replace(view, groups=left)

    def _preference(self, kind: type[Preference] | type[Lottery], wanted: Wanted) -> Preference | Lottery:
        key = wish_key(wanted), repr(wanted.strategies)
        if key not in self._preferences:
            self._preferences[key] = kind(self._index, wanted, self._now, self._changed)
        return self._preferences[key]

    def _now(self, container_instance_arn: str) -> InstanceView:
        changed = self._changed.get(container_instance_arn)
        return changed if changed is not None else self._index.by_arn[container_instance_arn]


def wish_key(wanted: Wanted) -> object:
    """Alike for wishes that fit on the same instances."""
    return (
        wanted.task_definition.requires_attributes,
        wanted.needs_interface,
        wanted.reservation,
        wanted.group,
        wanted.launch_type,
        repr(wanted.constraints),
    )
