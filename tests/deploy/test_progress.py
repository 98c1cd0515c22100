"""Progress on a terminal and elsewhere."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

from shipway.deploy.edge.progress import PlainProgress

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
