"""Lists that are kept by hand say what the code says."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from shipway.api.dispatch import SERVICES, written_operations
from shipway.deploy.application.keys import APPLICATION, IMAGE, LOAD_BALANCER, RELEASE, TASK
from shipway.simulator.scenarios.description import (
    Behaviour,
    ContinueDeployment,
    Crash,
    Deploy,
    Happening,
    Hook,
    Machines,
    Provider,
    Scale,
    Scenario,
    Service,
    SpotInterruption,
    StopDeployment,
)
from tests.docs.pages import ROOT, table, text_of

FIDELITY = ROOT / "docs" / "fidelity.md"
SCENARIOS = ROOT / "docs" / "scenarios.md"
SHIPWAY_YML = ROOT / "docs" / "shipway-yml.md"


def test_the_list_of_operations_covers_every_service() -> None:
    """One line for each service that is written here."""
    assert sorted(listed_operations()) == sorted(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_the_list_of_operations_is_what_is_written(service: str) -> None:
    """docs/fidelity.md names every operation that has a handler, and no other."""
    assert listed_operations()[service] == written_operations(service)


def listed_operations() -> dict[str, list[str]]:
    below = text_of(FIDELITY).partition("## Operations")[2]
    return {
        service: names.split(", ") for service, names in re.findall(r"^- (\w+): (.*)$", below, re.MULTILINE)
    }


@pytest.mark.parametrize(
    ("heading", "struct"),
    [
        ("## The file", Scenario),
        ("### Fleet", Machines),
        ("### Capacity providers", Provider),
        ("### Services", Service),
        ("### Lifecycle hooks", Hook),
        ("### Happenings", Happening),
    ],
)
def test_every_key_of_a_scenario_is_documented(heading: str, struct: type[Any]) -> None:
    """docs/scenarios.md has a table for each part of the file, and no other keys."""
    cells = [cell for cell, *_ in table(SCENARIOS, heading)]
    named = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    assert sorted(named) == sorted(struct.__struct_fields__)


@pytest.mark.parametrize(
    "struct", [Deploy, Scale, Crash, SpotInterruption, StopDeployment, ContinueDeployment]
)
def test_every_key_of_what_happens_is_documented(struct: type[Any]) -> None:
    """Those of a new revision are those of a service that describe its tasks."""
    verb = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", struct.__name__).lower()
    told = dict(cells[:2] for cells in table(SCENARIOS, "### Happenings"))[f"`{verb}`"]
    named = set(re.findall(r"`([^`]+)`", told)) - {"cpu", "failing_percent"}
    assert named == {*struct.__struct_fields__} - {*Behaviour.__struct_fields__} | named & {"exit_code"}


def test_every_key_of_the_application_file_is_documented() -> None:
    """The table has the keys at the top, those of `environments` among them."""
    cells = [cell for cell, *_ in table(SHIPWAY_YML, "# shipway.yml")]
    named = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    assert named == {*APPLICATION, "x-..."}
    assert {*APPLICATION} == {*RELEASE, "requires", "environments"}


def test_every_key_below_is_in_an_example() -> None:
    """The examples of images, load balancer and tasks show each key once."""
    assert keys(example("Images")["images"]["web"]) == keys(IMAGE)
    assert keys(example("Load balancer")["load_balancer"]) == keys(LOAD_BALANCER)
    assert keys(example("Tasks")["tasks"]["migrate"]) == keys(TASK)


def example(heading: str) -> Any:
    """The indented block under a heading, as YAML."""
    section = text_of(SHIPWAY_YML).partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return yaml.safe_load("\n".join(line for line in section.splitlines() if line.startswith("    ")))


def keys(value: Any) -> Any:
    """Names and what is below those that the application file's own rules go into."""
    ours = ("health_check",)
    return {name: keys(below) if name in ours else None for name, below in value.items()}
