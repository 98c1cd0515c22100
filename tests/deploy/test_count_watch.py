"""The watch of a new desired count: what is said, and when it ends with which verdict."""

from __future__ import annotations

from typing import Any

from shipway.deploy.planning.count_watch import CountState, advance, set_back
from shipway.deploy.planning.verdict import Ending

UNPLACED = (
    "(service hello) was unable to place a task because no container instance met all of its requirements."
)


def service(running: int, pending: int = 0, desired: int = 5, events: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "status": "ACTIVE",
        "desiredCount": desired,
        "runningCount": running,
        "pendingCount": pending,
        "events": [{"id": message, "message": message} for message in reversed(events)],
    }


def transcript(*looks: tuple[float, dict[str, Any] | None]) -> str:
    """Three tasks run, five are wished, within a minute."""
    state = CountState(wished=5, before=3, started_ms=0, timeout_s=60)
    lines: list[str] = []
    for moment_s, seen in looks:
        step = advance(state, seen, int(moment_s * 1000))
        lines += [f"{moment_s}: {line}" for line in step.lines]
        state = step.state
        if step.ending is not None:
            lines.append(f"{moment_s}: {told(step.ending)}")
            break
    return "\n".join(lines)


def told(ending: Ending) -> str:
    return f"{ending.verdict.value}: {ending.sentence}"


def test_scaling_out_reads_as_a_transcript() -> None:
    """Each change once; nothing when nothing changed."""
    started = ("(service hello) has started 2 tasks: (task a) (task b).",)
    steady = (*started, "(service hello) has reached a steady state.")
    assert transcript(
        (0, service(3)),
        (1, service(3, 2, events=started)),
        (2, service(3, 2, events=started)),
        (3, service(5, events=steady)),
    ) == (
        "0: 3 of 5 tasks running\n"
        "1: (service hello) has started 2 tasks: (task a) (task b).\n"
        "1: 3 of 5 tasks running, 2 starting\n"
        "3: (service hello) has reached a steady state.\n"
        "3: 5 of 5 tasks running\n"
        "3: deployed: 5 tasks are running; the revision is the same."
    )


def test_running_but_still_starting_is_not_the_end() -> None:
    """A task that is replaced meanwhile leaves a sixth starting."""
    assert transcript((0, service(5, 1)), (1, service(5))).endswith(
        "0: 5 of 5 tasks running, 1 starting\n"
        "1: 5 of 5 tasks running\n"
        "1: deployed: 5 tasks are running; the revision is the same."
    )


def test_other_count_supersedes() -> None:
    """Somebody else's count is not our failure."""
    assert transcript((0, service(3)), (1, service(3, desired=7))).endswith(
        "1: superseded: the desired count was set to 7 by somebody else."
    )


def test_count_from_before_may_show_a_little_longer() -> None:
    """DescribeServices is eventually consistent; after 20 s it is somebody's word."""
    assert transcript((0, service(3, desired=3)), (19, service(3, desired=3))) == "0: 3 of 3 tasks running"
    assert transcript((0, service(3, desired=3)), (20, service(3, desired=3))).endswith(
        "20: superseded: the desired count was set to 3 by somebody else."
    )


def test_tasks_that_cannot_be_placed_end_the_watch() -> None:
    """After half a minute from ECS's first word about it; its latest word is told."""
    first, again = (UNPLACED,), (UNPLACED, UNPLACED + " The closest matching (container-instance abc).")
    assert transcript((0, service(3, events=first)), (29, service(3, events=again))).count("\n") == 2
    assert transcript(
        (0, service(3, events=first)), (29, service(3, events=again)), (30, service(3, events=again))
    ).endswith(f"30: error: not all of the 5 tasks can be placed; ECS keeps trying. ECS says: {again[1]}")


def test_time_runs_out() -> None:
    """The counts are told; ECS goes on."""
    assert transcript((0, service(3)), (60, service(4, 1))).endswith(
        "60: timed out: 4 of 5 tasks run after 1 min; it goes on without us."
    )


def test_deleted_service_ends_the_watch() -> None:
    """Gone or going, there is nothing left to count. One that was made just now may show a little later."""
    assert transcript((0, None), (19, None), (20, None)) == "20: stopped: the service was deleted meanwhile."
    assert transcript((0, service(3)), (1, None)).endswith("1: stopped: the service was deleted meanwhile.")
    draining = service(3) | {"status": "DRAINING"}
    assert transcript((0, draining)) == "0: stopped: the service was deleted meanwhile."


def test_way_back_is_the_count_before() -> None:
    """Asked for with Ctrl-C."""
    state = CountState(wished=5, before=3, started_ms=0, timeout_s=60)
    assert told(set_back(state)) == "rolled back: the desired count is 3 again, as it was asked for."
