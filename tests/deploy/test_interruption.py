"""Ctrl-C and SIGTERM: noted while a change is under way, asked about on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

HELD = """
import os, signal
from shipway.deploy.edge.interruption import TerminalInterruption
interruption = TerminalInterruption()
interruption.listen()
try:
    with interruption.held():
        for _ in range({presses}):
            os.kill(os.getpid(), signal.{name})
        print("the change is whole")
        try:
            with interruption.opened():
                print("nothing was pressed")
        except KeyboardInterrupt:
            print("asked:", interruption.asked())
except KeyboardInterrupt:
    print("out at once")
"""
ASK = """
from shipway.deploy.edge.interruption import TerminalInterruption
interruption = TerminalInterruption()
interruption.listen()
with interruption.held():
    print("answer:", interruption.asked())
"""


@pytest.mark.parametrize(
    ("presses", "name", "said"),
    [
        (0, "SIGINT", "the change is whole, nothing was pressed"),
        (1, "SIGINT", "the change is whole, asked: leave"),
        (1, "SIGTERM", "the change is whole, asked: leave"),
        (2, "SIGINT", "out at once"),
    ],
)
def test_signal_waits_until_the_change_is_whole(presses: int, name: str, said: str) -> None:
    """It counts at the next opened moment; a second one counts at once."""
    code = HELD.format(presses=presses, name=name)
    done = subprocess.run(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    assert ", ".join(done.stdout.splitlines()) == said


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (b"d\n", "detach"),
        (b"r\n", "roll back"),
        (b"\n", "watch"),
        (b"\x04", "detach"),
        (b"\x03", "detach"),
    ],
)
def test_terminal_is_asked(typed: bytes, answer: str) -> None:
    """Enter watches on; Ctrl-C again, or the end of the input, means out."""
    child, ours = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", ASK])
    said = b""
    while b"keep watching > " not in said:
        said += os.read(ours, 4096)
    os.write(ours, typed)
    try:
        while part := os.read(ours, 4096):
            said += part
    except OSError:  # how a closed terminal reads on Linux
        pass
    os.close(ours)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert f"answer: {answer}".encode() in said


def test_ignored_signals_of_others_stay_theirs() -> None:
    """Only Ctrl-C and SIGTERM are taken."""
    told = "import signal; print(signal.getsignal(signal.SIGHUP))\n"
    code = told + ASK.partition("with")[0] + told
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = done.stdout.split()
    assert before == after
