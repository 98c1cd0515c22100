"""Which tool a file is of: told by what it says, since its name may be anything."""

from __future__ import annotations

from collections.abc import Callable

from shipway.deploy.errors import DeployError
from shipway.deploy.importing.compose import import_compose
from shipway.deploy.importing.copilot import REFUSED, SCHEDULED, SERVICES, import_copilot
from shipway.deploy.importing.deployfish import import_deployfish
from shipway.deploy.importing.ecspresso import import_ecspresso
from shipway.deploy.importing.imported import Imported
from shipway.deploy.importing.source import Source
from shipway.deploy.importing.workflow import import_workflow

Importer = Callable[[Source], Imported]

# In a folder, the first of these that is there.
FILE_NAMES = (
    *("ecspresso.yml", "ecspresso.yaml", "ecspresso.json", "manifest.yml", "deployfish.yml"),
    *("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"),
)
KINDS = "an ecspresso configuration, a Copilot manifest, a deployfish.yml, a GitHub workflow, a compose file"


def import_source(source: Source) -> Imported:
    """What was made of the file; one that is not as its tool takes it ends in a sentence."""
    importer = importer_of(source)
    try:
        return importer(source)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise DeployError(
            f"{source.name} is not as its tool takes it, so it cannot be imported: {what}. Correct the file."
        ) from error


def importer_of(source: Source) -> Importer:
    value = source.value
    if value.get("type") in (*SERVICES, SCHEDULED, *REFUSED):
        return import_copilot
    if isinstance(value.get("task_definition"), str):
        return import_ecspresso
    if isinstance(value.get("jobs"), dict):
        return import_workflow
    if isinstance(value.get("services"), list):
        return import_deployfish
    if isinstance(value.get("services"), dict):
        return import_compose
    raise DeployError(
        f"{source.name} is none of the files that can be imported: {KINDS}. See docs/moving-in.md."
    )
