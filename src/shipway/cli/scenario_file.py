"""Reads a scenario from YAML: every complaint names file, line and key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path as FilePath
from typing import Any, get_args, get_type_hints

import msgspec

from shipway.deploy.application import document as documents
from shipway.deploy.application.document import Document
from shipway.deploy.application.suggestion import did_you_mean
from shipway.deploy.application.variables import Path
from shipway.deploy.application.wrong_type import told
from shipway.deploy.errors import DeployError
from shipway.model.capacity_provider import FARGATE_PROVIDERS
from shipway.simulator.scenarios.description import (
    VERBS,
    Scenario,
    Seconds,
    Service,
    Span,
    SpotInterruption,
)

DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
WHOLE_MINUTES = ("bake_time", "step_bake_time", "canary_bake_time")
SHIFTING = ("BLUE_GREEN", "LINEAR", "CANARY")
STRATEGIES_OF = {
    "step_percent": ("LINEAR",),
    "step_bake_time": ("LINEAR",),
    "canary_percent": ("CANARY",),
    "canary_bake_time": ("CANARY",),
    "test_listener": SHIFTING,
    "lifecycle_hooks": SHIFTING,
}
INSTANCE_VERBS = ("instance_dies", "instance_returns", "drain", "activate")


def read_scenario(file: FilePath) -> Scenario:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DeployError(f"{file} does not exist. Name the file of a scenario.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DeployError(f"{file} cannot be read: {error}.") from None
    return scenario_of(documents.parse(str(file), text))


def scenario_of(document: Document) -> Scenario:
    if not isinstance(document.value, dict):
        raise DeployError(f"{document.place(())}: a scenario is a mapping with the keys fleet and services.")
    for path, complaint in unknown_keys(document.value, Scenario, ()):
        raise DeployError(f"{document.place(path)}: {complaint}")
    try:
        scenario = msgspec.convert(document.value, Scenario, dec_hook=_decoded)
    except msgspec.ValidationError as error:
        raise DeployError(_complaint(document, error)) from None
    for path, complaint in nonsense(scenario):
        raise DeployError(f"{document.place(path)}: {complaint}")
    return scenario


def unknown_keys(value: Any, struct: type[msgspec.Struct], path: Path) -> Iterator[tuple[Path, str]]:
    """Every key that the struct has no member for, at any depth, with a suggestion."""
    if not isinstance(value, dict):
        return
    known = get_type_hints(struct)
    for key, item in value.items():
        if key not in known:
            inside = f" in {path_text(path)}" if path else ""
            yield (*path, key), f"unknown key {key!r}{inside}. {did_you_mean(key, known)}"
            continue
        below = struct_in(known[key])
        if below is not None and isinstance(item, list):
            for number, part in enumerate(item):
                yield from unknown_keys(part, below, (*path, key, number))
        elif below is not None:
            yield from unknown_keys(item, below, (*path, key))


def struct_in(hint: Any) -> type[msgspec.Struct] | None:
    """The struct that a member holds, alone or in a tuple or as one of two."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    return next((found for part in get_args(hint) if (found := struct_in(part)) is not None), None)


def _decoded(kind: type, value: Any) -> Any:
    if kind is Seconds:
        return Seconds(seconds(value))
    low, dots, high = str(value).partition("..")
    span = Span(seconds(low), seconds(high) if dots else seconds(low))
    if span.low_s > span.high_s:
        raise ValueError(f"{value!r} ends before it begins; write for example 5s..20s.")
    return span


def seconds(text: Any) -> float:
    match = DURATION.fullmatch(str(text).strip())
    if match is None and str(text).strip() != "0":
        raise ValueError(f"{text!r} is not a duration; write it with its unit: 500ms, 90s, 10m or 1h.")
    return float(match[1]) * UNIT_S[match[2]] if match is not None else 0.0


def _complaint(document: Document, error: msgspec.ValidationError) -> str:
    path, sentence = told(str(error), document.value, path_text)
    return f"{document.place(path)}: {sentence}"


def path_text(path: Path) -> str:
    """`happenings 2, deploy`: entries are counted from 1."""
    words: list[str] = []
    for step in path:
        if isinstance(step, int):
            words[-1] += f" {step + 1}"
        else:
            words.append(step)
    return ", ".join(words)


def nonsense(scenario: Scenario) -> Iterator[tuple[Path, str]]:
    """What can be read and cannot be meant."""
    names = [service.name for service in scenario.services]
    if not names:
        yield ("services",), "a scenario needs services."
    if not scenario.fleet and not all(service.fargate for service in scenario.services):
        yield ("services",), "only services on Fargate need no fleet of instances."
    yield from _fleet_nonsense(scenario)
    for number, service in enumerate(scenario.services):
        if names.index(service.name) != number:
            yield ("services", number, "name"), f"there are two services called {service.name!r}."
        for keys, complaint in (*_strategy_nonsense(service), *_provider_nonsense(scenario, service)):
            yield ("services", number, *keys), complaint
        checked = service.health_check or service.load_balancer
        if not checked and (service.never_healthy or service.fails_after is not None):
            yield (
                ("services", number),
                f"nobody asks {service.name} how it is: give it health_check or load_balancer.",
            )
    for number, happening in enumerate(scenario.happenings):
        path: Path = ("happenings", number)
        verbs = dict(happening.verbs)
        if len(verbs) != 1:
            yield path, f"a happening is one of {', '.join(VERBS)}; this has {len(verbs)} of them."
        for verb, value in verbs.items():
            yield from _unknown_names(scenario, names, (*path, verb), value)
    yield from _zones_that_never_died(scenario)


def _strategy_nonsense(service: Service) -> Iterator[tuple[Path, str]]:
    """Keys of a strategy that it does not have, or that another key lacks."""
    for key, strategies in STRATEGIES_OF.items():
        said = getattr(service, key)
        if said not in (None, False, ()) and service.strategy not in strategies:
            yield (key,), f"{key} is for {' and '.join(strategies)}, and the strategy is {service.strategy}."
    if service.test_listener and not service.load_balancer:
        yield ("test_listener",), f"a listener needs a load balancer: give {service.name} load_balancer."
    for key in WHOLE_MINUTES:
        if (getattr(service, key) or 0) % 60:
            yield (key,), "ECS bakes for whole minutes; write for example 5m."
    for number, hook in enumerate(service.lifecycle_hooks):
        if (hook.timeout or 0) % 60:
            yield ("lifecycle_hooks", number, "timeout"), "ECS waits for whole minutes; write for example 5m."


def _zones_that_never_died(scenario: Scenario) -> Iterator[tuple[Path, str]]:
    """In the order in which things happen."""
    dead: set[str] = set()
    for number, happening in sorted(enumerate(scenario.happenings), key=lambda pair: pair[1].at):
        if happening.zone_dies is not None:
            dead.add(happening.zone_dies)
        zone = happening.zone_returns
        if zone is not None and zone not in dead:
            path: Path = ("happenings", number, "zone_returns")
            yield path, f"the zone {zone!r} has not died by then: let zone_dies: {zone} come before."
        dead.discard(zone or "")


def _unknown_names(
    scenario: Scenario, names: Iterable[str], path: Path, value: Any
) -> Iterator[tuple[Path, str]]:
    verb = path[-1]
    if hasattr(value, "service") and value.service not in names:
        yield (
            (*path, "service"),
            f"there is no service {value.service!r}. {did_you_mean(value.service, names)}",
        )
    elif verb in ("zone_dies", "zone_returns") and value not in scenario.zones:
        yield path, f"there is no zone {value!r}. {did_you_mean(value, scenario.zones)}"
    elif isinstance(value, SpotInterruption):
        service = next(service for service in scenario.services if service.name == value.service)
        if all(item.capacity_provider != "FARGATE_SPOT" for item in service.capacity_provider_strategy):
            yield (*path, "service"), f"{service.name} does not ask for the capacity provider FARGATE_SPOT."
    elif verb in ("alarm", "alarm_ends") and value not in scenario.alarms:
        yield path, f"no service watches the alarm {value!r}. {did_you_mean(value, scenario.alarms)}"
    elif verb in INSTANCE_VERBS:
        yield from _unknown_instance(scenario, path, value)


def _unknown_instance(scenario: Scenario, path: Path, number: int) -> Iterator[tuple[Path, str]]:
    """How far the numbers of groups' instances go is only known when it is played."""
    if number < 1 or (number > scenario.instances and not scenario.groups):
        yield path, f"there is no instance {number}: they are numbered from 1 to {scenario.instances}."
    elif path[-1] == "instance_returns" and number > scenario.instances:
        yield path, f"instance {number} is its capacity provider's: a group replaces what it lost by itself."


def _fleet_nonsense(scenario: Scenario) -> Iterator[tuple[Path, str]]:
    names = [machines.provider.name for machines in scenario.groups]
    for number, machines in enumerate(scenario.fleet):
        path, provider = ("fleet", number), machines.capacity_provider
        if not machines.zones or machines.count < 1:
            yield path, "instances need a count of at least 1, and a zone."
        if provider is None:
            continue
        if names.count(provider.name) > 1:
            yield (*path, "capacity_provider"), f"there are two capacity providers called {provider.name!r}."
        if not 0 <= provider.min_size <= provider.max_size:
            yield (*path, "capacity_provider"), "min_size must be from 0 to max_size."
        if provider.managed_scaling and machines.count != 1:
            yield (
                (*path, "count"),
                f"managed scaling decides how many instances {provider.name} has; say min_size and max_size.",
            )


def _provider_nonsense(scenario: Scenario, service: Service) -> Iterator[tuple[Path, str]]:
    """Providers that a service asks for and that are not there."""
    if service.provision.high_s and not service.fargate:
        yield ("provision",), f"{service.name} does not run on Fargate: say launch_type: FARGATE."
    known = [*(machines.provider.name for machines in scenario.groups), *FARGATE_PROVIDERS]
    for number, item in enumerate(service.capacity_provider_strategy):
        name = item.capacity_provider
        if name not in known:
            path: Path = ("capacity_provider_strategy", number, "capacity_provider")
            yield path, f"there is no capacity provider {name!r}. {did_you_mean(name, known)}"
