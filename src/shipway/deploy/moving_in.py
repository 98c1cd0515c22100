"""`shipway init --from SOURCE`: read what there is, write the files it becomes, hold them against ECS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shipway.deploy.application.reading import read_application
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.edge.autoscaling import Autoscaling
from shipway.deploy.edge.aws import LOCAL, Aws
from shipway.deploy.errors import DeployError
from shipway.deploy.follow import resilient
from shipway.deploy.importing.detection import import_source
from shipway.deploy.importing.files import files_of
from shipway.deploy.importing.imported import Imported
from shipway.deploy.importing.running_service import ServiceSeen, import_running_service
from shipway.deploy.observe import required_service
from shipway.deploy.opening import Choices, named, open_session
from shipway.deploy.plan import plan_application
from shipway.deploy.planning.code_deploy import deployed_definition
from shipway.deploy.source_files import FILE_ENDINGS, read_source, source_file
from shipway.deploy.starting import write_new_files

Members = dict[str, Any]


@dataclass(frozen=True)
class MovedIn:
    """What was written, what was left behind, and how `plan` finds it: None when it was not asked."""

    source: str
    folder: str
    files: tuple[str, ...]
    not_carried: tuple[str, ...]
    notes: tuple[str, ...]
    unchanged: bool | None
    plan: tuple[str, ...] = ()
    environment: str | None = None

    def as_document(self) -> Members:
        return {
            "source": self.source,
            "folder": self.folder,
            "files": list(self.files),
            "notCarried": list(self.not_carried),
            "notes": list(self.notes),
            "unchanged": self.unchanged,
            "plan": list(self.plan),
        }

    def text(self) -> str:
        lines = [f"Imported {self.source}.", f"  wrote {', '.join(self.files)}"]
        for title, items in (("not carried over", self.not_carried), ("notes", self.notes)):
            lines += [f"  {title}", *(f"    {item}" for item in items)] if items else []
        lines += [f"  {line}" for line in self.plan]
        where = f" -e {self.environment}" if self.environment else ""
        return "\n".join([*lines, f"Next: shipway plan{where}, then shipway deploy{where}"])


def move_in(source: str, choices: Choices, folder: Path, name: str | None = None) -> MovedIn:
    """Write the files that say what the source says; nothing is overwritten."""
    file = source_file(Path(source))
    if file is not None:
        return _move_in_from(file, choices, folder, name)
    if source.endswith(FILE_ENDINGS):
        raise DeployError(f"There is no file {source} in {Path.cwd()}. Correct the path.")
    choices, _ = named(choices, source)
    if "/" not in str(choices.service):
        choices = replace(choices, service=f"{choices.cluster or 'default'}/{choices.service}")
    session = open_session(choices)
    imported = import_running_service(look_at_service(session.aws, session.service))
    files = write_new_files(folder, files_of(imported))
    unchanged, plan = _held_against(folder, session.aws)
    moved = _moved_in(imported, folder, files, unchanged, plan)
    return replace(moved, environment=LOCAL if session.aws.local else None)


def _move_in_from(file: Path, choices: Choices, folder: Path, name: str | None) -> MovedIn:
    source = read_source(file, folder, name, choices.region)
    imported = import_source(source)
    where = {"cluster": choices.cluster, "region": choices.region}
    chosen = {key: value for key, value in where.items() if value}
    imported = replace(imported, keys={**imported.keys, **chosen})
    return _moved_in(imported, folder, write_new_files(folder, files_of(imported)), None, ())


def _moved_in(
    imported: Imported, folder: Path, files: tuple[str, ...], unchanged: bool | None, plan: tuple[str, ...]
) -> MovedIn:
    return MovedIn(
        source=imported.source,
        folder=str(folder.resolve()),
        files=files,
        not_carried=tuple(item.text() for item in imported.not_carried),
        notes=imported.notes,
        unchanged=unchanged,
        plan=plan,
    )


def look_at_service(aws: Aws, name: str) -> ServiceSeen:
    service = required_service(aws, name)
    reference = deployed_definition(service)
    if reference is None:
        raise DeployError(f"The service {name} runs nothing yet: it has no task set. Nothing was written.")
    definition = aws.ecs.task_definition(reference)
    if definition is None:
        raise DeployError(f"The task definition {reference} cannot be described.")
    revisions = service.get("currentServiceRevisions") or ()
    newest = str(revisions[0]["arn"]) if revisions else None
    scaling = Autoscaling(aws.service("application-autoscaling"), aws.ecs.cluster, name)
    return ServiceSeen(
        cluster=aws.ecs.cluster,
        region=aws.region,
        service=service,
        service_tags=list(service.get("tags") or ()),
        task_definition=definition,
        task_definition_tags=resilient([], aws.ecs.task_definition_tags, reference),
        bounds=resilient(None, scaling.bounds),
        revision=resilient(None, aws.ecs.service_revision, newest) if newest else None,
    )


def _held_against(folder: Path, aws: Aws) -> tuple[bool | None, tuple[str, ...]]:
    """What `shipway plan` says of the files just written."""
    try:
        application = read_application(folder / "shipway.yml", LOCAL if aws.local else None)
        plan = plan_application(application, aws, DeployOptions())
    except DeployError as refusal:
        return None, (f"plan: {refusal.sentence}",)
    if not plan.actions:
        return True, ("plan: no changes, the files say what runs",)
    return False, tuple(plan.text().splitlines())
