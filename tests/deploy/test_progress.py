"""Progress on a terminal and elsewhere."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

from rich.console import Console
from rich.spinner import Spinner

from shipway.deploy.edge.progress import PlainProgress, cut_to_width

SCRIPT = """
from shipway.deploy.edge.progress import open_progress
progress = open_progress()
progress.now("Step [1/3] : FROM [/x]")
progress.say("started [3] tasks")
progress.close()
"""


def test_plain_progress_is_a_line_per_change() -> None:
    """With the time since the start; what is only going on at the moment is not a line."""
    stream = io.StringIO()
    progress = PlainProgress(stream)
    progress.now("building")
    progress.say("started 3 tasks")
    assert stream.getvalue().endswith("s] started 3 tasks\n")
    assert stream.getvalue().count("\n") == 1


def test_live_progress_takes_any_text() -> None:
    """Square brackets, as docker writes them, are text and not markup."""
    ours, theirs = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "CI"} | {"TERM": "xterm"}
    done = subprocess.Popen([sys.executable, "-c", SCRIPT], stderr=theirs, env=environment)
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(ours)
    assert done.wait(30) == 0
    assert b"Step [1/3] : FROM [/x]" in said
    assert b"started [3] tasks" in said


def test_a_narrow_terminal_cuts_what_goes_on_and_does_not_wrap_it() -> None:
    """A line is a line whatever the width, so that the display does not jump."""
    spinner = Spinner("dots", cut_to_width("shop:10  2 of 2 running\n8 s of usually 5 s"))
    for width, shown in ((18, ["shop:10  2 of 2…", "8 s of usually …"]), (80, ["running", "5 s"])):
        stream = io.StringIO()
        Console(file=stream, width=width).print(spinner.render(0.0))
        lines = stream.getvalue().splitlines()
        assert [line.rstrip().endswith(end) for line, end in zip(lines, shown, strict=True)] == [True, True]
