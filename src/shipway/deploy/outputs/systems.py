"""The CI systems: how each is recognised, how it is given its outputs, and the namespace they have there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shipway.deploy.outputs import azure, github, gitlab, plain_json, properties, teamcity
from shipway.deploy.outputs.report import Publication, Report

Render = Callable[[Report, str, Mapping[str, str], str | None], Publication]


@dataclass(frozen=True)
class System:
    """`detected_by` is the variable that the system sets; with it, outputs need not be asked for."""

    render: Render
    prefix: str = "shipway"
    detected_by: str | None = None
    group: Callable[[str, int], tuple[str, str]] | None = None


SYSTEMS: dict[str, System] = {
    # A step's id is a namespace already.
    "github": System(github.publication, "", "GITHUB_ACTIONS", github.group),
    "gitlab": System(gitlab.publication, detected_by="GITLAB_CI", group=gitlab.group),
    "bamboo": System(properties.bamboo, detected_by="bamboo_buildKey"),
    "jenkins": System(properties.jenkins, detected_by="JENKINS_URL"),
    "azure": System(azure.publication, detected_by="TF_BUILD", group=azure.group),
    "teamcity": System(teamcity.publication, detected_by="TEAMCITY_VERSION", group=teamcity.group),
    "json": System(plain_json.publication, ""),
}
NONE = "none"


@dataclass(frozen=True)
class Wish:
    """`--outputs FORMAT[:FILE]`."""

    system: str
    file: str | None = None


def wish_of(text: str) -> Wish | None:
    """None for a format that there is not."""
    name, _, file = text.partition(":")
    return Wish(name, file or None) if name in (*SYSTEMS, NONE) else None


def wishes(asked: list[Wish], variables: Mapping[str, str]) -> list[Wish]:
    """What was asked for; else the system that is around us."""
    if asked:
        return [wish for wish in asked if wish.system != NONE]
    return [
        Wish(name)
        for name, system in SYSTEMS.items()
        if system.detected_by and variables.get(system.detected_by)
    ]


def publications(
    report: Report, wanted: list[Wish], prefix: str | None, variables: Mapping[str, str]
) -> list[Publication]:
    found = []
    for wish in wanted:
        system = SYSTEMS[wish.system]
        namespace = system.prefix if prefix is None else prefix
        found.append(system.render(report, namespace, variables, wish.file))
    return found
