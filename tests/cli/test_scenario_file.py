"""What is wrong with a scenario is said with its file, line and key."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from shipway.cli.main import main

GOOD = """\
fleet:
  - {count: 2}
services:
  - name: web
    health_check: true
happenings:
  - at: 10s
    scale: {service: web, desired_count: 2}
"""


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ("count: 2", "cuont: 2", ":2: unknown key 'cuont' in fleet 1. Did you mean 'count'?"),
        ("desired_count", "desired", ":8: unknown key 'desired' in happenings 1, scale."),
        ("count: 2", "count: two", ":2: fleet 1, count must be a whole number, not 'two'."),
        ("at: 10s", "at: 10", ":7: happenings 1, at: 10 is not a duration; write it with its unit"),
        ("health_check: true", "start: 9s..2s", ":5: services 1, start: '9s..2s' ends before it begins"),
        ("service: web,", "service: wed,", ":8: there is no service 'wed'. Did you mean 'web'?"),
        ("scale: {service: web, desired_count: 2}", "drain: 3", ":8: there is no instance 3"),
        ("scale: {service: web, desired_count: 2}", "zone_dies: d", ":8: there is no zone 'd'."),
        ("scale: {service: web, desired_count: 2}", "zone_returns: b", ":8: the zone 'b' has not died"),
        ("    scale: {service: web, desired_count: 2}\n", "", ":7: a happening is one of deploy, scale,"),
        ("scale: {service: web, desired_count: 2}", "alarm: x", ":8: no service watches the alarm 'x'."),
        ("health_check: true", "bake_time: 90s", ":5: ECS bakes for whole minutes"),
        ("health_check: true", "step_percent: 5", ":5: step_percent is for LINEAR, and the strategy is ROLL"),
        ("health_check: true", "strategy: LINEAR\n    step_bake_time: 9s", ":6: ECS bakes for whole minutes"),
        (
            "health_check: true",
            "strategy: CANARY\n    lifecycle_hooks: [{lifecycle_stages: [SCALE_UP], timeout: 5s}]",
            ":6: ECS waits for whole minutes",
        ),
        ("health_check: true", "strategy: CANARY\n    test_listener: true", ":6: a listener needs a load"),
        ("health_check: true", "strategy: GREEN", ": the service web is refused: strategy should be one of"),
        (
            "scale: {service: web, desired_count: 2}",
            "stop_deployment: {service: web}",
            ": stop the deployment of web, ROLLBACK is refused: web has no deployment in progress",
        ),
        (
            "scale: {service: web, desired_count: 2}",
            "continue_deployment: {service: web}",
            ": CONTINUE to the pause of web is refused: web has no deployment in progress",
        ),
        (
            "{count: 2}",
            "{capacity_provider: {name: x, min_size: 3, max_size: 2}}",
            ":2: min_size must be from",
        ),
        (
            "{count: 2}",
            "{count: 2, capacity_provider: {name: x}}",
            ":2: managed scaling decides how many instances",
        ),
        (
            "  - {count: 2}",
            "  - {capacity_provider: {name: x}}\n  - {capacity_provider: {name: x}}",
            ":2: there are two capacity providers called 'x'",
        ),
        (
            "health_check: true",
            "capacity_provider_strategy: [{capacity_provider: x}]",
            ":5: there is no capacity provider 'x'.",
        ),
        (
            "{count: 2}",
            "{capacity_provider: {name: aws-x}}",
            ": a capacity provider is refused: The specified capacity provider name is invalid.",
        ),
        ("fleet:\n  - {count: 2}\n", "", ":1: only services on Fargate need no fleet of instances."),
        ("health_check: true", "provision: 5s", ":5: web does not run on Fargate: say launch_type: FARGATE."),
        (
            "scale: {service: web, desired_count: 2}",
            "spot_interruption: {service: web}",
            ":8: web does not ask for the capacity provider FARGATE_SPOT.",
        ),
        (
            "health_check: true",
            "launch_type: FARGATE\n    placement_strategy: [{type: random}]",
            ": the service web is refused: Placement strategies are not supported with FARGATE launch type.",
        ),
        ("health_check: true", "maximum_percent: 0", ": the service web is refused: "),
        ("health_check: true", "never_healthy: true", ":4: nobody asks web how it is"),
        ("name: web", "revision: v1", ":4: services 1 lacks 'name'."),
    ],
)
def test_a_mistake_is_told_with_its_place(
    good: str, bad: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence, exit code 1, nothing played."""
    file = tmp_path / "scenario.yml"
    file.write_text(GOOD.replace(good, bad), encoding="utf-8")
    assert main(["simulate", str(file)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"shipway simulate: {file}{complaint}" in printed.err


def test_a_zone_returns_once_it_has_died(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What counts is when things happen, not where they stand in the file."""
    file = tmp_path / "scenario.yml"
    scale = "scale: {service: web, desired_count: 2}\n"
    file.write_text(GOOD.replace(scale, "zone_returns: b\n  - {at: 5s, zone_dies: b}\n"), encoding="utf-8")
    assert main(["simulate", str(file)]) == 0
    file.write_text(GOOD.replace(scale, "zone_returns: b\n  - {at: 15s, zone_dies: b}\n"), encoding="utf-8")
    assert main(["simulate", str(file)]) == 1
    assert "let zone_dies: b come before" in capsys.readouterr().err


def test_what_a_group_lost_returns_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its instances' numbers are known when it is played; they are not brought back by hand."""
    file = tmp_path / "scenario.yml"
    fleet = "  - {count: 2}\n  - {capacity_provider: {name: x}}"
    scale = "scale: {service: web, desired_count: 2}"
    played = GOOD.replace("  - {count: 2}", fleet).replace(scale, "instance_returns: 3")
    file.write_text(played, encoding="utf-8")
    assert main(["simulate", str(file)]) == 1
    told = capsys.readouterr().err
    assert (
        f"{file}:9: instance 3 is its capacity provider's: a group replaces what it lost by itself." in told
    )


def test_a_scenario_is_played_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One document for `-o json`; the pictures where they were asked for."""
    file, svg, png = (tmp_path / name for name in ("scenario.yml", "web.svg", "web.png"))
    file.write_text(GOOD, encoding="utf-8")
    assert main(["simulate", str(file), "-o", "json", "--svg", str(svg), "--png", str(png)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["seed"], document["exit_code"]) == (1, 0)
    assert document["books"][0]["samples"][-1]["healthy"] == 2
    assert "scale web to 2" in svg.read_text(encoding="utf-8")
    assert png.read_bytes().startswith(b"\x89PNG")


def test_options_of_the_swarm_are_no_options_of_a_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    """And the other way round."""
    assert main(["simulate", "scenario.yml", "--seeds", "3"]) == 2
    assert main(["simulate", "--svg", "web.svg"]) == 2
    assert "name its file" in capsys.readouterr().err


def test_a_missing_matplotlib_is_named_with_its_extra(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is played."""
    file = tmp_path / "scenario.yml"
    file.write_text(GOOD, encoding="utf-8")
    monkeypatch.delitem(sys.modules, "shipway.drawing.picture", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["simulate", str(file), "--svg", str(tmp_path / "web.svg")]) == 1
    printed = capsys.readouterr()
    assert (printed.out, "pip install 'shipway[draw]'" in printed.err) == ("", True)


def test_a_picture_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a sentence."""
    file = tmp_path / "scenario.yml"
    file.write_text(GOOD, encoding="utf-8")
    assert main(["simulate", str(file), "--png", str(tmp_path / "no" / "web.png")]) == 1
    assert "web.png cannot be written: No such file or directory." in capsys.readouterr().err
