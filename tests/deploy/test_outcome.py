"""What a deployment's end reads like."""

from __future__ import annotations

import pytest

from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.causes import Cause
from shipway.deploy.planning.post_mortem import Finding, PostMortem
from shipway.deploy.planning.verdict import Verdict

CRASH = Finding(Cause("SC501", "container web exits with code 1", "Correct the image."), ("a", "b"))
NOTHING = "Why: No task of this revision has failed; nothing is known against it."


def text(verdict: Verdict, *findings: Finding) -> str:
    outcome = Outcome(verdict, "it ended.", "shop", "web", post_mortem=PostMortem(findings))
    return outcome.text()


@pytest.mark.parametrize("verdict", [Verdict.ROLLED_BACK, Verdict.STOPPED, Verdict.ERROR, Verdict.TIMED_OUT])
def test_what_failed_is_always_told(verdict: Verdict) -> None:
    """Whoever ended it: a task that failed is news."""
    said = text(verdict, CRASH).splitlines()
    assert said[0] == f"{verdict.value}: web on shop: it ended."
    assert said[1] == "Why: Container web exits with code 1 (2 tasks, same cause). Correct the image."


@pytest.mark.parametrize("verdict", [Verdict.ROLLED_BACK, Verdict.STOPPED])
def test_end_that_was_asked_for_needs_no_why(verdict: Verdict) -> None:
    """Somebody stopped it or rolled it back; its tasks did nothing wrong."""
    assert text(verdict) == f"{verdict.value}: web on shop: it ended."


@pytest.mark.parametrize("verdict", [Verdict.ERROR, Verdict.TIMED_OUT])
def test_end_that_nobody_wanted_says_what_is_known(verdict: Verdict) -> None:
    """Even when that is nothing."""
    assert text(verdict).splitlines()[1] == NOTHING
