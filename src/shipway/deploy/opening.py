"""From a user's choices to what a verb works with: the application (if any), AWS, and the tools."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from shipway.deploy.application.application import Application
from shipway.deploy.application.env_file import env_file_pairs
from shipway.deploy.application.reading import find, locate, read_release
from shipway.deploy.application.release_file import Release
from shipway.deploy.edge.aws import Aws, Where, open_aws
from shipway.deploy.edge.masking import SECRETS
from shipway.deploy.errors import UsageError

if TYPE_CHECKING:
    from shipway.deploy.tools import Tools

DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?")
SERVICE_ARN = re.compile(
    r"arn:[^:]+:ecs:(?P<region>[^:]+):[^:]*:"
    r"(?:service/(?P<plain>[^/]+/[^/]+)|service-deployment/(?P<of>[^/]+/[^/]+)/(?P<deployment>[^/]+))"
)
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True)
class Choices:
    """What the user said about where and what."""

    config: str | None = None
    environment: str | None = None
    service: str | None = None
    cluster: str | None = None
    region: str | None = None
    profile: str | None = None
    variables: tuple[str, ...] = ()  # NAME=VALUE
    env_files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Session:
    """What a verb works with."""

    aws: Aws
    service: str
    application: Application | None


@dataclass(frozen=True)
class Opened:
    """The services of a file, and the way to AWS; every thread opens its own."""

    release: Release
    open: Callable[[], Aws]


def open_session(choices: Choices, *, service_needed: bool = True) -> Session:
    """`-s cluster/service` needs no file; a bare name takes the cluster from --cluster or the file."""
    cluster, _, service = (choices.service or "").rpartition("/")
    release = None if cluster else _release(choices, file_needed=service_needed and not service)
    application = None
    if release is not None:
        cluster = choices.cluster or release.first.cluster
        if service_needed or service or not release.several:
            application = release.chosen(service or None)
            service = application.service_name if release.several else service or application.service_name
    else:
        cluster = cluster or choices.cluster or "default"
    return Session(open_aws(_where(choices, release), cluster), service, application)


def open_services(choices: Choices) -> tuple[Aws, tuple[str, ...]]:
    """AWS, and the services that are meant: all of the file's, or the one that was named."""
    opened = open_release(choices)
    if opened is None:
        session = open_session(choices)
        return session.aws, (session.service,)
    return opened.open(), tuple(one.service_name for one in opened.release.applications.values())


def named(choices: Choices, what: str | None) -> tuple[Choices, str | None]:
    """A service by name or ARN, or a service deployment by ARN, which says where it is by itself."""
    if what is None or not what.startswith("arn:"):
        return (choices if what is None else replace(choices, service=what)), None
    match = SERVICE_ARN.fullmatch(what)
    if match is None:
        raise UsageError(f"{what!r} is the ARN of neither a service nor a service deployment.")
    region, service, deployment = match["region"], match["plain"] or match["of"], match["deployment"]
    found = replace(choices, service=service, region=choices.region or region)
    return found, what if deployment else None


def read_chosen(choices: Choices) -> Application:
    """The application file alone, of several services the one that was named; AWS is not opened."""
    return read_release_chosen(choices).chosen(choices.service)


def read_release_chosen(choices: Choices) -> Release:
    """All services of the application file; AWS is not opened."""
    file = locate(choices.config, Path.cwd())
    release = read_release(file, choices.environment, {**os.environ, **_given_variables(choices)})
    for application in release.applications.values():
        SECRETS.learn(application.task_definition)
        SECRETS.learn([{"args": image.args} for image in application.images.values()])
        SECRETS.learn([{"environment": task.environment} for task in application.tasks.values()])
        if application.notify is not None:
            headers = application.notify.headers.values()
            given = [os.environ.get(variable, "") for variable in headers]
            SECRETS.add([application.notify.webhook, *given])
    if choices.cluster:
        import msgspec

        changed = {
            name: msgspec.structs.replace(one, cluster=choices.cluster)
            for name, one in release.applications.items()
        }
        release = replace(release, applications=changed)
    return release


def _given_variables(choices: Choices) -> dict[str, str]:
    """Of --envfile and --var, which win over the process's own; a later one wins over an earlier one."""
    given: dict[str, str] = {}
    for file in choices.env_files:
        try:
            given |= env_file_pairs(Path(file).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--envfile {file} cannot be read: {error}.") from None
    given |= pairs(list(choices.variables), "a variable")
    SECRETS.learn_environment(given)
    return given


def open_application(choices: Choices) -> tuple[Application, Aws]:
    """For the verbs that must have a file, and are about one service of it."""
    release = read_release_chosen(choices)
    application = release.chosen(choices.service)
    return application, open_aws(_where(choices, release), application.cluster)


def open_release(choices: Choices, only: Sequence[str] = ()) -> Opened | None:
    """For the verbs that are about all services of the file, or those of these names. None when -s names a
    service that is not the file's: then its file, if any, is not asked.
    """
    if choices.service is not None:
        if "/" in choices.service or (choices.config is None and find(Path.cwd()) is None):
            return None
        release = read_release_chosen(choices)
        if not release.several or release.named(choices.service) is None:
            return None
        only = (*only, choices.service)
    else:
        release = read_release_chosen(choices)
    release = release.only(only)
    where, cluster = _where(choices, release), release.first.cluster
    return Opened(release, lambda: open_aws(where, cluster))


def _where(choices: Choices, release: Release | None) -> Where:
    return Where(
        environment=choices.environment,
        region=choices.region or (release.first.region if release else None),
        profile=choices.profile or (release.first.profile if release else None),
    )


@contextmanager
def open_tools(events: TextIO | None = None) -> Iterator[Tools]:
    """However it ends, the terminal is left clean: its cursor back, no line that still spins. `events` gets
    every event as a line of JSON.
    """
    from shipway.deploy.edge.docker import DockerCommand
    from shipway.deploy.edge.interruption import TerminalInterruption
    from shipway.deploy.edge.pace import RealPace
    from shipway.deploy.edge.progress import EventLines, open_progress
    from shipway.deploy.tools import Tools

    interruption, progress = TerminalInterruption(), open_progress()
    if events is not None:
        progress = EventLines(progress, events)
    interruption.listen()
    try:
        yield Tools(DockerCommand(), progress, RealPace(), interruption)
    finally:
        progress.close()


def seconds(text: str) -> float:
    """`90`, `90s`, `10m`, `1h`."""
    match = DURATION.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is not a duration; write for example 90s, 10m or 1h.")
    return float(match[1]) * SECONDS[match[2] or "s"]


def moment_ms(text: str, now_ms: int) -> int:
    """A duration before now, or a moment in ISO 8601, of UTC unless it says otherwise."""
    if DURATION.fullmatch(text.strip()):
        return now_ms - int(seconds(text) * 1000)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(
            f"{text!r} is neither a duration such as 10m nor a moment such as 2026-11-26T12:00."
        ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def pairs(texts: list[str], what: str) -> dict[str, str]:
    """`NAME=VALUE` arguments."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{text!r} is not {what}; write NAME=VALUE.")
        found[name] = value
    return found


def _release(choices: Choices, *, file_needed: bool) -> Release | None:
    if not file_needed and choices.config is None and find(Path.cwd()) is None:
        return None
    return read_release_chosen(choices)
