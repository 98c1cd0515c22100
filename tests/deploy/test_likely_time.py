"""How long a deployment is likely to take, as it is said."""

from __future__ import annotations

from shipway.deploy.planning.likely_time import likely_time


def test_the_middle_of_earlier_deployments_is_usual() -> None:
    """And the deregistration delay is named where it is most of it."""
    earlier = ((0.0, 220.0), (0.0, 100.0), (0.0, 400.0))
    assert likely_time(earlier, 0).sentence() == (
        "usually 3 min 40 s (the middle of 3 that succeeded, at most 6 min 40 s)."
    )
    assert likely_time(earlier, 300).sentence() == (
        "usually 3 min 40 s (the middle of 3 that succeeded, at most 6 min 40 s); "
        "the deregistration delay of 300 s is the slowest part."
    )


def test_without_earlier_deployments_nothing_is_made_up() -> None:
    """The delay is known all the same."""
    assert likely_time((), 0).sentence() == (
        "how long it takes is not known: no earlier deployment succeeded."
    )
    assert (
        likely_time((), 300).sentence().endswith("; the deregistration delay of 300 s is the slowest part.")
    )
