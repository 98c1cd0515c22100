"""The example scenarios, each against its transcript; and what a report says of limits and room.

`SHIPWAY_REWRITE=1 pytest tests/simulator/test_scenarios.py` writes the transcripts again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from shipway.cli.scenario_file import read_scenario, scenario_of
from shipway.deploy.application.document import Document
from shipway.simulator.scenarios.play import play
from shipway.simulator.scenarios.report import Report, text, timelines

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "scenarios").glob("*.yml"))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_tells_what_stands_beside_it(file: Path) -> None:
    """Its timeline and its summary, character by character."""
    scenario = read_scenario(file)
    told = text(play(scenario, scenario.seed)) + "\n"
    golden = file.with_suffix(".txt")
    if os.environ.get("SHIPWAY_REWRITE"):
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")


def played(happenings: list[dict[str, Any]], seed: int = 1, **service: Any) -> Report:
    """Four instances, and a service of four tasks that start in 2 s."""
    web = {"name": "web", "desired_count": 4, "start": "2s", "health_check": True, **service}
    value = {"fleet": [{"count": 4}], "services": [web], "happenings": happenings}
    return play(scenario_of(Document("scenario.yml", value)), seed)


def test_another_seed_draws_other_times() -> None:
    """And the same seed the same ones."""
    deploy = [{"at": "10s", "deploy": {"service": "web", "revision": "v2"}}]
    first, again, other = (played(deploy, seed, start="1s..9s") for seed in (1, 1, 2))
    assert text(first) == text(again)
    assert text(first) != text(other)


def test_who_asks_for_more_tasks_breaks_no_minimum() -> None:
    """The minimum counts once it has been reached; a crash then falls below it."""
    scaled = played([{"at": "10s", "scale": {"service": "web", "desired_count": 8}}])
    assert (scaled.exit_code, scaled.books[0].breaches) == (0, [])
    crashed = played(
        [
            {"at": "10s", "scale": {"service": "web", "desired_count": 8}},
            {"at": "1m", "crash": {"service": "web", "tasks": 2}},
        ]
    )
    (breach,) = crashed.books[0].breaches
    assert (breach.limit, breach.bound, round(breach.at_s), breach.worst) == ("minimum", 8, 60, 6)
    assert breach.ended_s is not None and 62 < breach.ended_s < 64


def test_a_dead_instance_is_replaced_by_the_service_and_returns() -> None:
    """ECS hears of it after a minute: without a load balancer its tasks count until then."""
    report = played([{"at": "10s", "instance_dies": 2}, {"at": "5m", "instance_returns": 2}])
    assert [mark.text for mark in report.marks] == ["instance 2 dies", "instance 2 returns"]
    (breach,) = report.books[0].breaches
    assert (round(breach.at_s), breach.worst) == (70, 3)


def test_a_drained_instance_loses_its_tasks_within_the_limits() -> None:
    """One more starts elsewhere before one stops."""
    report = played([{"at": "10s", "drain": 1}])
    assert report.books[0].breaches == []
    assert max(sample.running + sample.pending for sample in report.books[0].samples) == 5


def test_an_alarm_rolls_a_deployment_back_while_it_bakes() -> None:
    """And the first revision serves again."""
    report = played(
        [{"at": "10s", "deploy": {"service": "web", "revision": "v2"}}, {"at": "1m", "alarm": "errors"}],
        alarms=["errors"],
        bake_time="5m",
    )
    (verdict,) = report.verdicts
    assert (report.exit_code, verdict.status) == (3, "ROLLBACK_SUCCESSFUL")
    assert verdict.took_s is not None and 50 < verdict.took_s < 60
    lasts = {sample.revision: sample.healthy for sample in report.books[0].samples}
    assert lasts == {"v1": 4, "v2": 0}


def test_a_service_that_never_fits_is_told() -> None:
    """The scenario ends at once, with what is lacking on the nearest instance."""
    report = played([{"at": "10s", "drain": 1}], memory=5000)
    assert (report.exit_code, report.steady_at_first, report.marks) == (3, False, ())
    assert report.books[0].shortages[0].lacks.endswith(": memory 5000 wanted, 4096 left")


def test_a_timeline_holds_a_service_s_counts_by_revision() -> None:
    """From the first sample to a little after the last thing that happened."""
    (timeline,) = timelines(played([{"at": "10s", "deploy": {"service": "web", "revision": "v2"}}]))
    assert timeline.revisions == ["v1", "v2"]
    assert [limits.maximum for limits in timeline.limits] == [8]
    assert [mark.text for mark in timeline.marks] == ["deploy v2 of web", "deployment of v2: SUCCESSFUL"]
    assert timeline.ends_s > timeline.marks[-1].at_s
