"""Timelines as a picture. The one place where matplotlib is imported: it comes with `shipway[draw]`."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from shipway.drawing.timeline import (
    Steps,
    Timeline,
    instance_steps,
    layers,
    limit_steps,
    traffic_shares,
)

# Distinct for colour-blind readers too, each as: healthy, running, pending.
COLOURS = (
    ("#4878a8", "#9dbbd8", "#d5e2ee"),
    ("#e08a2c", "#f1be85", "#fae3c8"),
    ("#4f9d69", "#a1cdae", "#d6eadc"),
    ("#8d6bb1", "#c0abd6", "#e3d9ee"),
)
# Of capacity providers: running, leaving, starting.
PROVIDER_COLOURS = (
    ("#5b8c8a", "#a9c6c5", "#dbe8e8"),
    ("#b0657d", "#d9b3bf", "#f0e0e5"),
    ("#9a8a4f", "#cfc6a4", "#ebe7d8"),
)
LIMIT = "#b03030"
LINES = {
    "maximum": (LIMIT, (0, (6, 2))),
    "desired": ("#202020", "solid"),
    "minimum": (LIMIT, (0, (1, 1))),
}
INK, TROUBLE = "#404040", "#b03030"
WIDTH_INCHES, PLOT_INCHES, LINE_INCHES = 10.0, 3.4, 0.19
STRIP_INCHES, STRIP_GAP_INCHES = 0.7, 0.55  # of traffic and instances, and above each
MARK_TEXT_MAX = 118
NUMBER_BOX = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "#b0b0b0", "linewidth": 0.6}
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "shipway",
    "text.parse_math": False,  # a $ in an event is a $
}


def picture(timelines: tuple[Timeline, ...], form: str) -> bytes:
    """`form` is svg or png. The same timelines give the same bytes."""
    with matplotlib.rc_context(STYLE):
        figure = figure_of(timelines)
        written = BytesIO()
        metadata = {"Date": None} if form == "svg" else {"Software": None}
        figure.savefig(written, format=form, dpi=120, metadata=metadata)
    return written.getvalue()


def figure_of(timelines: tuple[Timeline, ...]) -> Figure:
    """One plot above the other, and under each what its numbered marks say."""
    texts = [LINE_INCHES * len(timeline.marks) for timeline in timelines]
    strips = [_strips(timeline) for timeline in timelines]
    heights = [
        PLOT_INCHES + (STRIP_INCHES + STRIP_GAP_INCHES) * len(below) + text + 1.1
        for below, text in zip(strips, texts, strict=True)
    ]
    whole = top = sum(heights)
    figure = Figure(figsize=(WIDTH_INCHES, whole))

    def axes(bottom: float, inches: float) -> Any:
        return figure.add_axes((0.06, bottom / whole, 0.73, inches / whole))

    for timeline, below, height in zip(timelines, strips, heights, strict=True):
        bottom = top - 0.45 - PLOT_INCHES
        _plot(axes(bottom, PLOT_INCHES), timeline)
        for strip in below:
            bottom -= STRIP_INCHES + STRIP_GAP_INCHES
            strip(axes(bottom, STRIP_INCHES), timeline)
        _mark_texts(figure, timeline, bottom - 0.55, whole)
        top -= height
    return figure


def _plot(axes: Any, timeline: Timeline) -> None:
    unit_s, unit = unit_of(timeline)
    end = timeline.ends_s / unit_s
    handles = _stack(axes, timeline, unit_s)
    for steps in limit_steps(timeline):
        colour, dashes = LINES[steps.label]
        moments, values = _drawn_out(steps, timeline.ends_s)
        (line,) = axes.step(
            [moment / unit_s for moment in moments],
            values,
            where="post",
            color=colour,
            linestyle=dashes,
            linewidth=1.3,
            label=steps.label,
        )
        handles.append(line)
    highest = max([limits.maximum for limits in timeline.limits] + [1])
    axes.set_ylim(0, highest * 1.18)
    axes.set_xlim(0, end)
    _marks(axes, timeline, unit_s, highest * 1.12)
    axes.set_title(timeline.title, loc="left", fontweight="bold")
    axes.set_xlabel(unit)
    axes.set_ylabel("tasks")
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.02), frameon=False)


def _stack(axes: Any, timeline: Timeline, unit_s: int) -> list[Any]:
    moments, bands = layers(timeline)
    if not moments:
        return []
    moments = (*moments, timeline.ends_s)
    at = [moment / unit_s for moment in moments]
    floor = [0] * len(moments)
    handles: list[Any] = []
    for band in bands:
        shades = COLOURS[timeline.revisions.index(band.revision) % len(COLOURS)]
        shade = ("healthy", "running", "pending").index(band.condition)
        top = [low + value for low, value in zip(floor, (*band.values, band.values[-1]), strict=True)]
        look: dict[str, Any] = {"facecolor": shades[shade], "edgecolor": shades[0] if shade == 2 else "none"}
        hatch = "////" if shade == 2 else None
        axes.fill_between(at, floor, top, step="post", hatch=hatch, linewidth=0, **look)
        words = "not healthy" if shade == 1 else band.condition
        handles.append(Patch(hatch=hatch, linewidth=0, label=f"{band.revision} {words}", **look))
        floor = top
    return handles


def _strips(timeline: Timeline) -> list[Callable[[Any, Timeline], None]]:
    """What is drawn below the tasks."""
    drawn: list[Callable[[Any, Timeline], None]] = []
    if timeline.traffic:
        drawn.append(_traffic)
    if timeline.instances:
        drawn.append(_instances)
    return drawn


def _instances(axes: Any, timeline: Timeline) -> None:
    """How many instances each capacity provider has, and how many of them are on their way."""
    unit_s, unit = unit_of(timeline)
    moments, bands = instance_steps(timeline)
    at = [moment / unit_s for moment in (*moments, timeline.ends_s)]
    providers = list(dict.fromkeys(provider for provider, _, _ in bands))
    floor, handles = [0] * len(at), []
    for provider, condition, counts in bands:
        shades = PROVIDER_COLOURS[providers.index(provider) % len(PROVIDER_COLOURS)]
        shade = ("running", "leaving", "starting").index(condition)
        top = [low + count for low, count in zip(floor, (*counts, counts[-1]), strict=True)]
        look: dict[str, Any] = {"facecolor": shades[shade], "edgecolor": shades[0] if shade == 2 else "none"}
        look |= {"hatch": "////" if shade == 2 else None, "linewidth": 0}
        axes.fill_between(at, floor, top, step="post", **look)
        handles.append(Patch(label=provider if shade == 0 else f"{provider} {condition}", **look))
        floor = top
    axes.set_xlim(0, timeline.ends_s / unit_s)
    axes.set_ylim(0, max([*floor, 1]) * 1.15)
    axes.set_ylabel("instances")
    axes.set_xlabel(unit)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.1), frameon=False)


def _traffic(axes: Any, timeline: Timeline) -> None:
    """Who has how much of the production traffic."""
    unit_s, unit = unit_of(timeline)
    moments, shares = traffic_shares(timeline)
    at = [moment / unit_s for moment in (*moments, timeline.ends_s)]
    floor = [0.0] * len(at)
    for revision, percents in shares:
        top = [low + percent for low, percent in zip(floor, (*percents, percents[-1]), strict=True)]
        colour = COLOURS[timeline.revisions.index(revision) % len(COLOURS)][0]
        axes.fill_between(at, floor, top, step="post", facecolor=colour, linewidth=0)
        floor = top
    axes.set_xlim(0, timeline.ends_s / unit_s)
    axes.set_ylim(0, 100)
    axes.set_yticks([0, 50, 100])
    axes.set_ylabel("% of traffic")
    axes.set_xlabel(unit)
    axes.spines[["top", "right"]].set_visible(False)


def unit_of(timeline: Timeline) -> tuple[int, str]:
    """Seconds of a unit, and its name."""
    return (60, "minutes") if timeline.ends_s > 300 else (1, "seconds")


def _drawn_out(steps: Steps, end: float) -> tuple[list[float], list[int]]:
    if not steps.values:
        return [], []
    return [*steps.at_s, end], [*steps.values, steps.values[-1]]


def _marks(axes: Any, timeline: Timeline, unit_s: int, height: float) -> None:
    """Numbers of marks that stand too close to each other are put together."""
    near = timeline.ends_s * 0.022
    groups: list[tuple[float, list[int]]] = []
    for number, mark in enumerate(timeline.marks, 1):
        axes.axvline(
            mark.at_s / unit_s,
            color=TROUBLE if mark.trouble else INK,
            linewidth=0.8,
            linestyle=(0, (2, 2)),
            alpha=0.7,
        )
        if groups and mark.at_s - groups[-1][0] < near:
            groups[-1][1].append(number)
        else:
            groups.append((mark.at_s, [number]))
    for at_s, numbers in groups:
        text = str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}"
        trouble = any(timeline.marks[number - 1].trouble for number in numbers)
        axes.text(
            at_s / unit_s,
            height,
            text,
            ha="center",
            va="center",
            fontsize=8,
            color=TROUBLE if trouble else INK,
            bbox=NUMBER_BOX,
        )


def _mark_texts(figure: Figure, timeline: Timeline, top: float, inches: float) -> None:
    for number, mark in enumerate(timeline.marks, 1):
        text = mark.text if len(mark.text) <= MARK_TEXT_MAX else f"{mark.text[: MARK_TEXT_MAX - 1]}…"
        figure.text(
            0.06,
            (top - LINE_INCHES * (number - 1)) / inches,
            f"{number:>2}  {clock(mark.at_s)}  {text}",
            fontsize=8,
            va="top",
            color=TROUBLE if mark.trouble else INK,
        )


def clock(seconds: float) -> str:
    """`m:ss`, and hours when there are any."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
