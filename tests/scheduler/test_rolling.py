"""The arithmetic of rolling updates: the table of the specification, as vectors."""

from __future__ import annotations

import pytest

from shipway.model.service import DeploymentConfiguration
from shipway.scheduler.rolling import Counts, Limits, Pace, Step, limits_of, roll


@pytest.mark.parametrize(
    ("desired", "minimum", "maximum", "limits", "step"),
    [
        (1, 100, 200, (1, 2), Step(0, 0, 1)),
        (1, 0, 100, (0, 1), Step(0, 1, 1)),
        (1, 50, 100, (1, 1), Step(0, 0, 0)),
        (1, 100, 150, (1, 1), Step(0, 0, 0)),
        (2, 75, 100, (2, 2), Step(0, 0, 0)),
        (2, 50, 200, (1, 4), Step(0, 1, 2)),
        (3, 100, 125, (3, 3), Step(0, 0, 0)),
        (4, 50, 100, (2, 4), Step(0, 2, 2)),
        (4, 50, 200, (2, 8), Step(0, 2, 4)),
        (4, 100, 200, (4, 8), Step(0, 0, 4)),
        (10, 100, 110, (10, 11), Step(0, 0, 1)),
        (0, 100, 200, (0, 0), Step(0, 0, 0)),
    ],
)
def test_first_step(desired: int, minimum: int, maximum: int, limits: tuple[int, int], step: Step) -> None:
    """Lower limits round up, upper limits down; and what happens first, with all old tasks healthy."""
    found = limits_of(desired, DeploymentConfiguration(minimum, maximum))
    assert (found.lower, found.upper) == limits
    old = Counts(staying=0, staying_healthy=0, outgoing_healthy=desired, outgoing_idle=0)
    assert roll(desired, found, old) == step


@pytest.mark.parametrize(
    ("counts", "step"),
    [
        # All new ones run but are not healthy yet: nothing may go.
        (Counts(staying=4, staying_healthy=0, outgoing_healthy=4, outgoing_idle=0), Step(0, 0, 0)),
        # As new ones become healthy, as many old ones go.
        (Counts(staying=4, staying_healthy=3, outgoing_healthy=4, outgoing_idle=0), Step(0, 3, 0)),
        # All healthy: whatever is left of the old goes, idle or not.
        (Counts(staying=4, staying_healthy=4, outgoing_healthy=1, outgoing_idle=2), Step(2, 1, 0)),
        # Idle old ones stay while nobody needs their room.
        (Counts(staying=4, staying_healthy=2, outgoing_healthy=0, outgoing_idle=2), Step(0, 0, 0)),
        # They go when their room is needed.
        (Counts(staying=2, staying_healthy=2, outgoing_healthy=2, outgoing_idle=3), Step(1, 0, 2)),
        # Protected ones take room and count as healthy, but are never stopped.
        (
            Counts(
                staying=0,
                staying_healthy=0,
                outgoing_healthy=1,
                outgoing_idle=0,
                protected=6,
                protected_healthy=6,
            ),
            Step(0, 1, 2),
        ),
    ],
)
def test_later_steps(counts: Counts, step: Step) -> None:
    """Desired 4, between 4 and 8 tasks."""
    assert roll(4, Limits(4, 8), counts) == step


def test_a_service_scaled_to_0_loses_its_old_tasks_while_the_first_new_one_is_awaited() -> None:
    """Nothing is wanted any more, so nothing has to be settled by a first task."""
    old = Counts(staying=0, staying_healthy=0, outgoing_healthy=3, outgoing_idle=1)
    assert roll(0, Limits(0, 0), old, Pace(starts_max=1)) == Step(1, 3, 0)
