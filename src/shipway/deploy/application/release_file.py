"""One file with several services: each an application of its own; what stands above them is common to all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shipway.deploy.application.application import Application
from shipway.deploy.application.document import Document
from shipway.deploy.application.overlay import BY_NAME, merge
from shipway.deploy.application.suggestion import did_you_mean
from shipway.deploy.application.variables import Path
from shipway.deploy.errors import DeployError, UsageError

Members = dict[str, Any]

SERVICES = "services"
# Of the file as a whole; the rest is what its services have in common.
OF_THE_FILE = (SERVICES, "environments", "name")
OF_ONE_SERVICE = ("before_deploy", "after_deploy", "needs")


@dataclass(frozen=True)
class Release:
    """The applications of one file by their name in it, in its order. Without `services:` it is one."""

    applications: dict[str, Application]
    several: bool = False

    @property
    def first(self) -> Application:
        return next(iter(self.applications.values()))

    @property
    def needs(self) -> dict[str, tuple[str, ...]]:
        """Of each service, those of this release that must be deployed first."""
        return {
            name: tuple(other for other in application.needs if other in self.applications)
            for name, application in self.applications.items()
        }

    def named(self, name: str) -> str | None:
        """The key of the service of this name, or whose serviceName it is."""
        keys = [key for key, one in self.applications.items() if name in (key, one.service_name)]
        return keys[0] if keys else None

    def chosen(self, name: str | None) -> Application:
        """The one service that a verb is about."""
        if len(self.applications) == 1 and (not self.several or name is None):
            return self.first
        key = self.named(name) if name else None
        if key is None:
            names = ", ".join(self.applications)
            said = f"There is no service {name!r} in shipway.yml. " if name else ""
            raise UsageError(f"{said}shipway.yml has the services {names}; name one with --service.")
        return self.applications[key]

    def only(self, names: Iterable[str]) -> Release:
        """These services alone, in the file's order; what they need besides is left as it is."""
        wanted = []
        for name in names:
            key = self.named(name)
            if key is None:
                raise UsageError(
                    f"There is no service {name!r} in shipway.yml. {did_you_mean(name, self.applications)}"
                )
            wanted.append(key)
        kept = {key: one for key, one in self.applications.items() if key in wanted}
        return Release(kept, self.several) if wanted else self


def service_names(main: Document, environment: str | None) -> list[str]:
    """Those of the file, then those that only the environment has."""
    over = (main.value.get("environments") or {}).get(environment) or {}
    blocks = [*(main.value.get(SERVICES) or {}), *(over.get(SERVICES) or {})]
    return [name for name in dict.fromkeys(map(str, blocks)) if not name.startswith("x-")]


def document_of(main: Document, environment: str | None, name: str) -> Document:
    """The file as if this service alone stood in it: its block laid over what is common."""
    block = (main.value.get(SERVICES) or {}).get(name) or {}
    common = {key: item for key, item in main.value.items() if key not in OF_THE_FILE}
    value = {"name": name, **merge(common, block)}
    over = (main.value.get("environments") or {}).get(environment)
    if environment is not None and over is not None:
        rest = {key: item for key, item in over.items() if key not in OF_THE_FILE}
        value["environments"] = {environment: stacked(rest, (over.get(SERVICES) or {}).get(name) or {})}
    return Document(
        main.name, value, dict(_lines(main, environment, name, _both_have_containers(common, block)))
    )


def common_images(main: Document, name: str) -> frozenset[str]:
    """The containers whose images stand above the services: not every service has them all."""
    block = (main.value.get(SERVICES) or {}).get(name) or {}
    return frozenset(main.value.get("images") or {}) - frozenset(block.get("images") or {})


def refuse_misplaced(main: Document) -> None:
    """What runs around one service's deployment has no meaning above all of them."""
    for key in OF_ONE_SERVICE:
        if key in main.value:
            raise DeployError(
                f"{main.place((key,))}: with services:, {key} belongs to one of them; write it there."
            )


def refuse_unordered(main: Document, applications: dict[str, Application]) -> None:
    """What is needed must be there, and nothing may need itself."""
    for name, application in applications.items():
        for other in application.needs:
            if other not in applications:
                raise DeployError(
                    f"{main.place((SERVICES, name, 'needs'))}: {name} needs {other!r}, and there is no such "
                    f"service. {did_you_mean(other, applications)}"
                )
    circle = circle_of({name: application.needs for name, application in applications.items()})
    if circle:
        raise DeployError(
            f"{main.place((SERVICES, circle[0], 'needs'))}: {' needs '.join(circle)}; "
            "take one of these needs away."
        )


def circle_of(needs: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """A way from a service back to itself; empty when there is none."""
    settled: set[str] = set()

    def walk(name: str, way: tuple[str, ...]) -> tuple[str, ...]:
        if name in way:
            return (*way[way.index(name) :], name)
        if name in settled:
            return ()
        for other in needs[name]:
            found = walk(other, (*way, name))
            if found:
                return found
        settled.add(name)
        return ()

    return next(filter(None, (walk(name, ()) for name in needs)), ())


def stacked(base: Any, over: Any) -> Any:
    """As `merge`, but a null stays: it is to take away what lies below both."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return {**base, **{key: stacked(base.get(key), item) for key, item in over.items()}}


def _both_have_containers(common: Members, block: Members) -> bool:
    """Then they are merged by name, and their places in the list are no longer those of the file."""
    definitions = (common.get("task_definition"), block.get("task_definition"))
    return all(isinstance(one, dict) and BY_NAME in one for one in definitions)


def _lines(main: Document, environment: str | None, name: str, merged: bool) -> Iterable[tuple[Path, int]]:
    ours: dict[Path, int] = {}
    for path, line in main.lines.items():
        if path[:2] == (SERVICES, name):
            ours[path[2:]] = line
        elif path[:4] == ("environments", environment, SERVICES, name):
            ours[("environments", environment or "", *path[4:])] = line
        elif path[:1] != (SERVICES,):
            ours.setdefault(path, line)
    for path, line in ours.items():
        if not (merged and path[:1] == ("task_definition",) and any(isinstance(x, int) for x in path)):
            yield path, line
