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
from shipway.simulator.scenarios.play import NotPlayed, play
from shipway.simulator.scenarios.report import Report, length, text, timelines
from shipway.simulator.scenarios.shifts import stage_lengths

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


SHIFTING: dict[str, Any] = {
    "load_balancer": True,
    "strategy": "LINEAR",
    "step_percent": 50,
    "step_bake_time": "2m",
    "bake_time": "3m",
    "deregistration_delay": "10s",
}
DEPLOY = {"at": "10s", "deploy": {"service": "web", "revision": "v2"}}


def test_a_shift_is_told_by_its_stages_and_weights() -> None:
    """What each stage took, and who had how much of the traffic from when on."""
    report = played([DEPLOY], **SHIFTING)
    (verdict,) = report.verdicts
    assert (report.exit_code, verdict.status) == (0, "SUCCESSFUL")
    (book,) = report.books
    assert [(share.revision, share.percent) for share in book.traffic] == [
        *(("v1", 100), ("v1", 50), ("v2", 50), ("v1", 0), ("v2", 100)),
    ]
    assert book.traffic[3].at_s - book.traffic[1].at_s == pytest.approx(120, abs=1)
    told = dict(stage_lengths(book.stages, report.ends_s))
    assert told["BAKE_TIME"] == pytest.approx(180, abs=1)
    assert "BAKE_TIME 3 min" in text(report)


def test_a_function_takes_its_time_and_a_pause_waits_for_its_answer() -> None:
    """They belong to every deployment but the first."""
    hooks = [
        {"lifecycle_stages": ["POST_SCALE_UP"], "takes": "40s"},
        {"target_type": "PAUSE", "lifecycle_stages": ["POST_TEST_TRAFFIC_SHIFT"]},
    ]
    goes_on = {"at": "4m", "continue_deployment": {"service": "web"}}
    report = played([DEPLOY, goes_on], **SHIFTING, lifecycle_hooks=hooks)
    assert report.exit_code == 0
    told = dict(stage_lengths(report.books[0].stages, report.ends_s))
    assert told["POST_SCALE_UP"] == pytest.approx(40, abs=1)
    first = next(share.at_s for share in report.books[0].traffic if share.revision == "v2")
    assert first == pytest.approx(240, abs=1)
    answers_no = {**goes_on, "continue_deployment": {"service": "web", "action": "ROLLBACK"}}
    taken_back = played([DEPLOY, answers_no], **SHIFTING, lifecycle_hooks=hooks)
    assert (taken_back.exit_code, taken_back.verdicts[0].status) == (3, "ROLLBACK_SUCCESSFUL")


def test_a_function_that_says_no_takes_the_deployment_back() -> None:
    """And the report says which, and where."""
    hooks = [{"lifecycle_stages": ["POST_SCALE_UP"], "fails": True}]
    report = played([DEPLOY], **SHIFTING, lifecycle_hooks=hooks)
    assert report.verdicts[0].status == "ROLLBACK_SUCCESSFUL"
    assert any(entry.text == "the function web-1 at POST_SCALE_UP of v2 failed" for entry in report.entries)


def test_a_deployment_that_is_stopped_gives_its_traffic_back() -> None:
    """In the middle of its steps."""
    stop = {"at": "1m", "stop_deployment": {"service": "web"}}
    report = played([DEPLOY, stop], **SHIFTING)
    assert report.verdicts[0].status == "ROLLBACK_SUCCESSFUL"
    assert [(share.revision, share.percent) for share in report.books[0].traffic][-2:] == [
        ("v1", 100),
        ("v2", 0),
    ]


GROUP: dict[str, Any] = {
    "cpu": 1024,
    "memory": 2048,
    "capacity_provider": {"name": "workers", "max_size": 6, "instance_start": "2m"},
}


def scaled_by_itself(happenings: list[dict[str, Any]], **provider: Any) -> Report:
    """Four tasks on two instances of a capacity provider, which are all that they need."""
    own = {"capacity_provider_strategy": [{"capacity_provider": "workers"}], "memory": 1024, "start": "2s"}
    group = {**GROUP, "capacity_provider": {**GROUP["capacity_provider"], **provider}}
    web = {"name": "web", "desired_count": 4, "health_check": True, **own}
    value = {"fleet": [group], "services": [web], "happenings": happenings}
    return play(scenario_of(Document("scenario.yml", value)), 1)


def test_a_rollout_waits_for_instances_that_go_again() -> None:
    """For the first task's, then for the others'; a quarter of an hour after it they are too many."""
    report = scaled_by_itself([DEPLOY])
    assert (report.exit_code, report.verdicts[0].status) == (0, "SUCCESSFUL")
    waits = report.books[0].waits
    assert {wait.revision for wait in waits} == {"v2"}
    assert waits[0].waited_s == max(wait.waited_s for wait in waits) == pytest.approx(120, abs=2)
    (group,) = report.groups
    counts = [(each.running, each.starting, each.leaving) for each in group.samples]
    assert counts[:3] == [(2, 0, 0), (2, 1, 0), (3, 0, 0)]
    assert max(running for running, _, _ in counts) > counts[-1][0]
    assert group.samples[-1].at_s > 15 * 60
    assert f"waited for instances of workers, the longest for {length(waits[0].waited_s)}" in text(report)


def test_a_group_that_may_not_grow_lets_tasks_wait_in_vain() -> None:
    """Half an hour each, until the scenario ends; and the report says that the group is full."""
    report = scaled_by_itself([DEPLOY], max_size=2)
    assert (report.exit_code, report.verdicts[0].status) == (3, "IN_PROGRESS")
    assert [wait.in_vain for wait in report.books[0].waits] == [True, True, True]
    assert "3 tasks of v2 waited for instances of workers in vain, the longest for 30 min" in text(report)
    assert text(report).endswith("  2 instances all along, which is all that it may have")
    assert any("waited for an instance of workers in vain" in m.text for m in timelines(report)[0].marks)


def test_a_group_replaces_what_it_loses_where_there_is_power() -> None:
    """Its instances are numbered on behind the fixed fleet; a dead zone gets none."""
    report = scaled_by_itself([{"at": "10s", "zone_dies": "a"}, {"at": "10m", "drain": 3}])
    told = [entry.text for entry in report.entries]
    assert "capacity provider workers starts 1 instance in the place of those that it lost" in told
    assert max(sample.healthy for sample in report.books[0].samples[-3:]) == 4
    with pytest.raises(NotPlayed, match="drain instance 9 is refused: there is no instance 9 at that moment"):
        scaled_by_itself([{"at": "10s", "drain": 9}])


def test_a_group_without_managed_scaling_stays_as_its_owner_wants_it() -> None:
    """Its tasks are placed or refused, and wait for nobody."""
    provider = {"name": "workers", "managed_scaling": False, "instance_start": "1s"}
    group = {**GROUP, "count": 3, "capacity_provider": provider}
    own = {"capacity_provider_strategy": [{"capacity_provider": "workers"}], "memory": 1024}
    value = {"fleet": [group], "services": [{"name": "web", "desired_count": 4, **own}]}
    value["happenings"] = [{"at": "1m", "scale": {"service": "web", "desired_count": 7}}]
    report = play(scenario_of(Document("scenario.yml", value)), 1)
    assert [(each.running, each.starting) for each in report.groups[0].samples] == [(3, 0)]
    assert (report.books[0].waits, len(report.books[0].shortages)) == ([], 1)


def on_fargate(happenings: list[dict[str, Any]], **service: Any) -> Report:
    """Four tasks that are healthy 5 s after their start, and no fleet."""
    web = {"name": "web", "desired_count": 4, **service}
    return play(scenario_of(Document("scenario.yml", {"services": [web], "happenings": happenings})), 1)


def test_fargate_needs_no_fleet_and_takes_its_time() -> None:
    """For the first task, and then for the three others at once."""
    own = {"launch_type": "FARGATE", "provision": "30s"}
    (verdict,) = on_fargate([DEPLOY], **own).verdicts
    assert verdict.status == "SUCCESSFUL"
    (at_once,) = on_fargate([DEPLOY], launch_type="FARGATE").verdicts
    assert verdict.took_s is not None and at_once.took_s is not None
    assert verdict.took_s - at_once.took_s == pytest.approx(60, abs=3)


def test_fargate_s_tasks_shift_traffic_too() -> None:
    """Their targets are addresses."""
    own = {**SHIFTING, "launch_type": "FARGATE"}
    report = on_fargate([DEPLOY], **own)
    assert (report.exit_code, report.verdicts[0].status) == (0, "SUCCESSFUL")
    assert report.books[0].traffic[-1].percent == 100


def test_fargate_s_sizes_are_the_api_s() -> None:
    """A pair that it does not have is refused before anything is played."""
    with pytest.raises(NotPlayed, match="web is refused: No Fargate configuration exists for given values"):
        on_fargate([], launch_type="FARGATE", memory=700)


def test_what_spot_takes_back_is_replaced() -> None:
    """Of the tasks on demand none is touched, however many are taken."""
    strategy = [
        {"capacity_provider": "FARGATE", "base": 1, "weight": 0},
        {"capacity_provider": "FARGATE_SPOT"},
    ]
    taken = {"at": "10s", "spot_interruption": {"service": "web", "tasks": 9}}
    report = on_fargate([taken], capacity_provider_strategy=strategy, provision="20s", stop="5s")
    (breach,) = report.books[0].breaches
    assert (breach.limit, breach.worst) == ("minimum", 1)
    assert breach.ended_s is not None and breach.ended_s - breach.at_s == pytest.approx(25, abs=2)


def test_a_zone_that_dies_leaves_fargate_alone() -> None:
    """Whose tasks stand in none; what stands in the zone dies."""
    web = {"name": "web", "launch_type": "FARGATE", "desired_count": 2}
    batch = {"name": "batch", "desired_count": 3}
    value = {"fleet": [{"count": 3}], "services": [web, batch]}
    value["happenings"] = [{"at": "10s", "zone_dies": "a"}]
    books = play(scenario_of(Document("scenario.yml", value)), 1).books
    assert [len(book.breaches) for book in books] == [0, 1]


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
