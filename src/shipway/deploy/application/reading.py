"""Find `shipway.yml` by walking up, read it with the files it names, and decode it for one environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

import msgspec

from shipway import __version__
from shipway.deploy.application import document as documents
from shipway.deploy.application.application import Application
from shipway.deploy.application.document import Document
from shipway.deploy.application.ecs_members import check_containers, ready
from shipway.deploy.application.keys import unknown_keys
from shipway.deploy.application.overlay import BY_NAME, merge
from shipway.deploy.application.release_file import (
    Release,
    common_images,
    document_of,
    refuse_misplaced,
    refuse_unordered,
    service_names,
)
from shipway.deploy.application.required_version import complaint_about
from shipway.deploy.application.suggestion import did_you_mean
from shipway.deploy.application.variables import Path, VariableError, expand
from shipway.deploy.application.wrong_type import told
from shipway.deploy.errors import DeployError

FILE_NAMES = ("shipway.yml", "shipway.yaml", "shipway.json", "shipway.toml")
LOCAL = "local"
VERBATIM = ("task_definition", "service")


def find(start: FilePath) -> FilePath | None:
    for folder in (start, *start.parents):
        for name in FILE_NAMES:
            if (folder / name).is_file():
                return folder / name
    return None


def locate(config: str | None, start: FilePath) -> FilePath:
    """The application file: the one named, or the nearest one upwards."""
    if config is not None:
        return FilePath(config)
    found = find(start)
    if found is None:
        raise DeployError(
            f"There is no shipway.yml in {start} or above it. "
            "Run `shipway init` to write one, or name one with -c."
        )
    return found


def read_application(
    file: FilePath, environment: str | None, variables: Mapping[str, str] | None = None
) -> Application:
    """The application that this file describes in this environment; of several services none is meant."""
    return read_release(file, environment, variables).chosen(None)


def read_release(
    file: FilePath, environment: str | None, variables: Mapping[str, str] | None = None
) -> Release:
    """All that this file describes in this environment: one application, or several services."""
    folder = file.resolve().parent
    main = _read(file, file.name, " Name it with -c; `shipway init` writes one.")
    value = main.value
    if not isinstance(value, dict):
        raise DeployError(
            f"{main.place(())}: the file must be a mapping of keys such as cluster and service."
        )
    # Before all else: another version may have keys that this one does not know.
    refused = complaint_about(value["requires"], __version__) if "requires" in value else None
    if refused is not None:
        raise DeployError(f"{main.place(('requires',))}: {refused}")
    for path, complaint in unknown_keys(value):
        raise DeployError(f"{main.place(path)}: {complaint}")
    variables = os.environ if variables is None else variables
    names = service_names(main, environment)
    if not names:
        application = _Decoder(main, folder, environment, variables).application()
        return Release({application.service_name: application})
    refuse_misplaced(main)
    applications = {}
    for name in names:
        document = document_of(main, environment, name)
        decoder = _Decoder(document, folder, environment, variables)
        decoder.common_images = common_images(main, name)
        applications[name] = decoder.application()
    refuse_unordered(main, applications)
    return Release(applications, several=True)


def _read(file: FilePath, shown: str, advice: str = "") -> Document:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DeployError(f"{file} does not exist.{advice}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DeployError(f"{file} cannot be read: {error}.") from None
    return documents.parse(shown, text)


class _Decoder:
    def __init__(
        self, main: Document, folder: FilePath, environment: str | None, variables: Mapping[str, str]
    ) -> None:
        self.main = main
        self.folder = folder
        self.environment = environment
        self.variables = variables
        self.beside: dict[str, tuple[Document, Path]] = {}
        self.common_images: frozenset[str] = frozenset()

    def application(self) -> Application:
        merged = self.layer({k: v for k, v in self.main.value.items() if k != "environments"}, ())
        over_path: Path = ("environments", self.environment or "")
        over = self.overlay()
        if over:
            # A path names a whole definition: it takes the base's place rather than being laid over it.
            replaced = [key for key in VERBATIM if isinstance(over.get(key), str)]
            base = {key: item for key, item in merged.items() if key not in replaced}
            merged = merge(base, self.layer(over, over_path))
        for container, image in list((merged.get("images") or {}).items()):
            if isinstance(image, str):
                merged["images"][container] = {"context": image}
        self.drop_others_images(merged)
        if merged.get("name") is None:
            merged["name"] = self._default_name(merged)
        merged |= {"environment": self.environment, "folder": str(self.folder)}
        kept = {key: item for key, item in merged.items() if not key.startswith("x-") and item is not None}
        try:
            application = msgspec.convert(kept, Application, strict=False)
        except msgspec.ValidationError as error:
            raise DeployError(self._type_complaint(error, kept)) from None
        self.check_around(application)
        return self.checked(application)

    def drop_others_images(self, merged: dict[str, Any]) -> None:
        """Images that stand above all services are for those that have the container."""
        definition = merged.get("task_definition")
        if self.common_images and isinstance(definition, dict):
            found = definition.get(BY_NAME) or ()
            containers = [one.get("name") for one in found if isinstance(one, dict)]
            merged["images"] = {
                container: image
                for container, image in (merged.get("images") or {}).items()
                if container in containers or container not in self.common_images
            }

    def check_around(self, application: Application) -> None:
        """The tasks that are named must be there."""
        for key in ("before_deploy", "after_deploy"):
            for name in getattr(application, key):
                if name not in application.tasks:
                    raise DeployError(
                        f"{self.main.place((key,))}: there is no task {name!r} under tasks. "
                        f"{did_you_mean(name, application.tasks)}"
                    )

    def overlay(self) -> dict[str, Any]:
        known = self.main.value.get("environments") or {}
        if self.environment is None or (self.environment == LOCAL and LOCAL not in known):
            return {}
        if self.environment not in known:
            raise DeployError(
                f"{self.main.place(('environments',))}: there is no environment {self.environment!r}. "
                f"{did_you_mean(self.environment, [*known, LOCAL])}",
                exit_code=2,
            )
        return known[self.environment] or {}

    def layer(self, value: dict[str, Any], path: Path) -> dict[str, Any]:
        """One layer of the file: variables replaced, ECS JSON beside it read in."""
        layer: dict[str, Any] = self.expanded(
            self.main, {k: v for k, v in value.items() if k[:2] != "x-"}, path
        )
        for key in VERBATIM:
            if isinstance(layer.get(key), str):
                document = _read(self.folder / layer[key], layer[key])
                wrapped = {"task_definition": "taskDefinition", "service": "service"}[key]
                unwrapped = document.value
                inner: Path = ()
                if isinstance(unwrapped, dict) and isinstance(unwrapped.get(wrapped), dict):
                    unwrapped, inner = unwrapped[wrapped], (wrapped,)
                if not isinstance(unwrapped, dict):
                    raise DeployError(f"{document.place(())}: this must be a JSON object with ECS's members.")
                layer[key] = self.expanded(document, unwrapped, inner)
                self.beside[key] = (document, inner)
        return layer

    def expanded(self, document: Document, value: Any, path: Path) -> Any:
        try:
            return expand(value, self.variables, path)
        except VariableError as error:
            raise DeployError(f"{document.place(error.path)}: {error.complaint}.") from None

    def checked(self, application: Application) -> Application:
        if not application.task_definition:
            raise DeployError(
                f"{self.main.place(())}: there is no task_definition. "
                "Write RegisterTaskDefinition's members there, or the path of a JSON file with them."
            )
        definition, notes = ready(
            "RegisterTaskDefinition", application.task_definition, ("family",), self.placer("task_definition")
        )
        places = self.placer("task_definition"), self.placer("images")
        check_containers(definition, application.images, *places)
        definition.setdefault("family", application.name)
        service, more = ready(
            "CreateService", application.service, ("serviceName", "taskDefinition"), self.placer("service")
        )
        service.setdefault("serviceName", application.name)
        return msgspec.structs.replace(
            application,
            task_definition=definition,
            service=service,
            warnings=(*notes, *more),
            lines=self.member_lines(),
        )

    def member_lines(self) -> dict[str, str]:
        """Where each member stands: what an environment lays over the file comes last. Its lists are told
        as a whole, since containers are merged by name and so change their places.
        """
        over = ("environments", self.environment or "")
        known = [(path, path, self.main) for path in self.main.lines if path[:1] != ("environments",)]
        for key, (document, inner) in self.beside.items():
            within = [path for path in document.lines if path[: len(inner)] == inner]
            known += [(path, (key, *path[len(inner) :]), document) for path in within]
        laid = [
            path for path in self.main.lines if path[:2] == over and not any(isinstance(x, int) for x in path)
        ]
        known += [(path, path[2:], self.main) for path in laid]
        return {".".join(map(str, path)): document.place(here) for here, path, document in known if path}

    def placer(self, key: str) -> Any:
        def place(path: Path) -> str:
            over: Path = ("environments", self.environment or "", key, *path)
            if over in self.main.lines:
                return self.main.place(over)
            if key in self.beside:
                document, inner = self.beside[key]
                return document.place((*inner, *path))
            return self.main.place((key, *path))

        return place

    def _default_name(self, merged: dict[str, Any]) -> str:
        for key, member in (("service", "serviceName"), ("task_definition", "family")):
            if isinstance(merged.get(key), dict) and merged[key].get(member):
                return str(merged[key][member])
        return re.sub(r"[^A-Za-z0-9_-]+", "-", self.folder.name).strip("-") or "shipway"

    def _type_complaint(self, error: msgspec.ValidationError, value: Any) -> str:
        path, sentence = told(str(error), value)
        over = ("environments", self.environment or "", *path)
        return f"{self.main.place(over if over in self.main.lines else path)}: {sentence}"
