"""What a deployment would do, as a value: each member that changes and what its change sets off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shipway.deploy.planning.actions import REGISTERED, Action, CreateService, Plan, UpdateService
from shipway.deploy.planning.counting import several
from shipway.deploy.planning.deployed import Origin
from shipway.deploy.planning.difference import brief, changed_members, line, walk
from shipway.deploy.planning.images_seen import ImageSeen
from shipway.deploy.planning.likely_time import LikelyTime
from shipway.deploy.planning.references import short
from shipway.deploy.planning.release import Seen, Wanted, live_member
from shipway.deploy.planning.secrets_seen import SecretSeen
from shipway.deploy.planning.update_members import EFFECTS, Effect

if TYPE_CHECKING:
    from shipway.deploy.planning.prediction import Prediction

Members = dict[str, Any]

NO_CHANGES, CHANGES = 0, 2


@dataclass(frozen=True)
class Change:
    """One member of the task definition or the service; `effect` is None where no one has said."""

    member: str
    before: Any
    after: Any
    effect: Effect | None
    origin: Origin | None = None

    def text(self) -> str:
        effect = self.effect.value if self.effect else "nobody has said what it sets off"
        origin = f"  ({self.origin.value})" if self.origin not in (None, Origin.FILE) else ""
        return f"{brief(line((self.member, self.before, self.after)))}  [{effect}]{origin}"

    def as_document(self) -> Members:
        return {
            "member": self.member,
            "before": self.before,
            "after": self.after,
            "effect": self.effect.name.lower() if self.effect else None,
            "origin": self.origin.name.lower() if self.origin else None,
        }


@dataclass(frozen=True)
class ServicePlan:
    """Everything that `shipway plan` tells."""

    cluster: str
    service: str
    changes: tuple[Change, ...]
    actions: Plan
    running: int
    images: tuple[ImageSeen, ...] = ()
    secrets: tuple[SecretSeen, ...] = ()
    notes: tuple[str, ...] = ()
    prediction: Prediction | None = None
    likely_time: LikelyTime | None = None
    basis: dict[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        return CHANGES if self.actions else NO_CHANGES

    @property
    def starts_deployment(self) -> bool:
        return any(_deploys(action) for action in self.actions)

    @property
    def tasks_replaced(self) -> int:
        updates = any(isinstance(action, UpdateService) and action.deploys for action in self.actions)
        return self.running if updates else 0

    def text(self) -> str:
        return "\n".join(_lines(self))

    def as_document(self) -> Members:
        return {
            "cluster": self.cluster,
            "service": self.service,
            "exitCode": self.exit_code,
            "sentence": sentence(self),
            "startsDeployment": self.starts_deployment,
            "tasksReplaced": self.tasks_replaced,
            "changes": [change.as_document() for change in self.changes],
            "images": [image.as_document() for image in self.images],
            "secrets": [secret.as_document() for secret in self.secrets],
            "actions": [{"action": action.text(), "reason": action.reason} for action in self.actions],
            "prediction": self.prediction.as_document() if self.prediction else None,
            "likelyTime": self.likely_time.as_document() if self.likely_time else None,
            "notes": list(self.notes),
        }


def sentence(plan: ServicePlan) -> str:
    if not plan.actions:
        return "no changes: everything is as the file says."
    if any(isinstance(action, CreateService) for action in plan.actions):
        return "the service is created."
    if plan.starts_deployment:
        tasks = several(plan.tasks_replaced, "running task")
        return f"a service deployment starts and replaces {tasks}."
    return "something changes, and no task is replaced."


def changes_of(actions: Plan, wanted: Wanted, seen: Seen) -> tuple[Change, ...]:
    """The changes to what stands; what is made for the first time shows as actions only."""
    update = next((action for action in actions if isinstance(action, UpdateService)), None)
    if update is None or seen.service is None:
        return ()
    return (*_definition_changes(update, wanted, seen), *_service_changes(update, seen.service))


def _definition_changes(update: UpdateService, wanted: Wanted, seen: Seen) -> Iterator[Change]:
    if update.task_definition is None or seen.live is None:
        return
    revision = "a new revision" if update.task_definition == REGISTERED else short(update.task_definition)
    before = short(str(seen.service["taskDefinition"])) if seen.service else None
    yield Change("service.taskDefinition", before, revision, EFFECTS["taskDefinition"])
    for place, old, new in changed_members(seen.live, wanted.task_definition):
        yield Change(f"task_definition.{place}", old, new, EFFECTS["taskDefinition"])


def _service_changes(update: UpdateService, live: Members) -> Iterator[Change]:
    for key, value in sorted(update.members.items()):
        before = live_member(live, key)
        for place, old, new in walk(f"service.{key}", _as_far_as(before, value), value):
            yield Change(place, old, new, EFFECTS.get(key))


def _as_far_as(live: Any, wanted: Any) -> Any:
    """Of what stands, only the members that are asked for; the rest stays as it is."""
    if isinstance(live, dict) and isinstance(wanted, dict):
        return {key: _as_far_as(live[key], item) for key, item in wanted.items() if key in live}
    return live


def _deploys(action: Action) -> bool:
    return isinstance(action, CreateService) or (isinstance(action, UpdateService) and action.deploys)


def _lines(plan: ServicePlan) -> Iterator[str]:
    yield f"plan: {plan.service} on {plan.cluster}: {sentence(plan)}"
    blocks = (
        ("changes", [change.text() for change in plan.changes]),
        ("images", [image.text() for image in plan.images]),
        ("secrets", [secret.text() for secret in plan.secrets]),
        ("would be done", [f"{action.text()}: {action.reason}" for action in plan.actions]),
        ("prediction", plan.prediction.lines() if plan.prediction else []),
        ("time", [plan.likely_time.sentence()] if plan.likely_time else []),
        ("notes", list(plan.notes)),
    )
    for title, lines in blocks:
        if lines:
            yield f"  {title}"
            yield from (f"    {text}" for text in lines)
