"""What a rehearsal says in the end."""

from __future__ import annotations

from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.verdict import Verdict
from shipway.rehearsal.report import Report, blow_lines

DEPLOYED = Outcome(Verdict.DEPLOYED, "2 tasks of web:2 are in service.", "default", "web")
FAILED = Outcome(Verdict.ERROR, "the deployment failed.", "default", "web")


def test_the_exit_code_is_the_new_deployments() -> None:
    """Whatever the first version did before."""
    rolled_back = Outcome(Verdict.ROLLED_BACK, "it was rolled back.", "default", "web")
    assert Report("docker", 1, first=DEPLOYED, new=rolled_back).exit_code == 3
    assert Report("docker", 1, first=DEPLOYED, new=DEPLOYED).exit_code == 0


def test_without_a_first_version_nothing_was_rehearsed() -> None:
    """And it is said how to begin with one that works."""
    report = Report("docker", 1, first=FAILED)
    assert report.exit_code == 1
    assert report.as_document()["verdict"] == "first version failed"
    assert report.text().endswith("--first TAG, --first CONTAINER=IMAGE or --from-live.")


def test_many_blows_are_one_line() -> None:
    """The first of each fault, in the order of time."""
    blows = (
        (2.0, "zone", "dark"),
        (1.0, "crash", "killed a"),
        (3.0, "crash", "killed b"),
        (4.0, "crash", "killed c"),
    )
    assert blow_lines(tuple(sorted(blows))) == [
        "  fault crash after 1.0 s: killed a, and 2 more like it",
        "  fault zone after 2.0 s: dark",
    ]
