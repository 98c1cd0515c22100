"""A timeline becomes bands and lines, and these a picture."""

from __future__ import annotations

from msgspec.structs import replace

from shipway.drawing.picture import clock, picture
from shipway.drawing.timeline import (
    Instances,
    Limits,
    Mark,
    Sample,
    Timeline,
    Traffic,
    instance_steps,
    layers,
    limit_steps,
    traffic_shares,
)


def rollout() -> Timeline:
    """Two tasks of v1 are replaced by two of v2, one after the other's start."""
    return Timeline(
        title="web",
        ends_s=60,
        samples=(
            Sample(at_s=0, revision="v1", running=2, pending=0, healthy=2),
            Sample(at_s=10, revision="v2", running=0, pending=2, healthy=0),
            Sample(at_s=20, revision="v2", running=2, pending=0, healthy=1),
            Sample(at_s=30, revision="v1", running=0, pending=0, healthy=0),
            Sample(at_s=30, revision="v2", running=2, pending=0, healthy=2),
        ),
        limits=(Limits(at_s=0, desired=2, minimum=2, maximum=4),),
        marks=(
            Mark(at_s=10, text="deploy v2"),
            Mark(at_s=20, text="a task <crashes> & costs $1 or $2", trouble=True),
        ),
    )


def test_traffic_is_told_revision_by_revision() -> None:
    """And is drawn below the tasks."""
    shares = [(0, "v1", 100), (20, "v1", 90), (20, "v2", 10), (30, "v1", 0), (30, "v2", 100)]
    traffic = tuple(Traffic(at_s=at_s, revision=revision, percent=share) for at_s, revision, share in shares)
    shifted = replace(rollout(), traffic=traffic)
    assert traffic_shares(shifted) == ((0, 20, 30), (("v1", (100, 90, 0)), ("v2", (0, 10, 100))))
    drawn = picture((shifted,), "svg")
    assert b"% of traffic" in drawn
    assert b"% of traffic" not in picture((rollout(),), "svg")


def test_instances_are_told_by_capacity_provider() -> None:
    """Those that run at the bottom, those on their way on top; drawn below the tasks."""
    instances = (
        Instances(at_s=0, provider="a", running=2),
        Instances(at_s=0, provider="b", running=0),
        Instances(at_s=10, provider="b", running=0, starting=1),
        Instances(at_s=40, provider="b", running=1),
    )
    told = replace(rollout(), instances=instances)
    assert instance_steps(told) == (
        (0, 10, 40),
        (("a", "running", (2, 2, 2)), ("b", "running", (0, 0, 1)), ("b", "starting", (0, 1, 0))),
    )
    drawn = picture((told,), "svg")
    assert b"b starting" in drawn
    assert b"instances" not in picture((rollout(),), "svg")


def test_healthy_tasks_of_all_revisions_are_at_the_bottom() -> None:
    """So that the sum of the healthy can be held against the minimum, and all against the maximum."""
    moments, bands = layers(rollout())
    assert moments == (0, 10, 20, 30)
    assert [(band.revision, band.condition, band.values) for band in bands] == [
        ("v1", "healthy", (2, 2, 2, 0)),
        ("v2", "healthy", (0, 0, 1, 2)),
        ("v2", "running", (0, 0, 1, 0)),
        ("v2", "pending", (0, 2, 0, 0)),
    ]


def test_limits_are_three_lines() -> None:
    """Maximum, desired count and minimum, each from its moment on."""
    assert [(steps.label, steps.values) for steps in limit_steps(rollout())] == [
        ("maximum", (4,)),
        ("desired", (2,)),
        ("minimum", (2,)),
    ]


def test_an_svg_names_revisions_limits_axes_and_marks() -> None:
    """Everything that a reader needs is written in it, and the same timeline gives the same bytes."""
    first = picture((rollout(),), "svg")
    text = first.decode()
    for words in ("v1 healthy", "v2 pending", "maximum", "minimum", "seconds", "tasks", "deploy v2"):
        assert words in text
    assert "a task &lt;crashes&gt; &amp; costs $1 or $2" in text
    assert picture((rollout(),), "svg") == first


def test_a_png_is_a_png_and_an_empty_timeline_can_be_drawn() -> None:
    """A service that never had a task has a picture too."""
    png = picture((rollout(), Timeline(title="nothing", ends_s=10)), "png")
    assert png.startswith(b"\x89PNG")


def test_moments_are_told_as_on_a_clock() -> None:
    """Minutes and seconds, and hours when there are any."""
    assert [clock(9.9), clock(75), clock(3_725)] == ["0:09", "1:15", "1:02:05"]
