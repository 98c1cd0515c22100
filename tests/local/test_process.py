"""One child process: its lines, its end, its being ended."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from pathlib import Path

import pytest

from shipway.local.errors import LocalError
from shipway.local.line_log import LineLog
from shipway.local.process import ChildProcess, ProcessEnded

STUBBORN = """
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True:
    signal.pause()
"""


def python(program: str, log: Path) -> ChildProcess:
    return ChildProcess("The program", (sys.executable, "-u", "-c", program), log)


async def test_lines_are_logged_and_can_be_waited_for(tmp_path: Path) -> None:
    """A line that was waited for is returned; all lines are in a private file."""
    log = tmp_path / "deep" / "program.log"
    child = python("print('starting'); print('listening on 80'); import time; time.sleep(60)", log)
    await child.start()
    assert await child.wait_for_line("listening", 20) == "listening on 80"
    assert child.running
    await child.stop()
    assert not child.running
    assert log.read_text() == "starting\nlistening on 80\n"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


async def test_an_early_end_is_said_with_its_last_words(tmp_path: Path) -> None:
    """Waiting for a line ends when the process does, not at the deadline."""
    child = python("import sys; print('no such thing'); sys.exit(7)", tmp_path / "log")
    await child.start()
    with pytest.raises(ProcessEnded, match=r"The program ended with exit code 7: no such thing \(log: .*\)"):
        await child.wait_for_line("listening", 20)
    await child.stop()


async def test_silence_ends_at_the_deadline(tmp_path: Path) -> None:
    """A process that never says the line is not waited for longer than was said."""
    child = python("import time; time.sleep(60)", tmp_path / "log")
    await child.start()
    with pytest.raises(LocalError, match=r"The program did not become ready within 0\.2 s"):
        await child.wait_for_line("listening", 0.2)
    await child.stop()


async def test_what_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """After the grace period the process is gone, whatever it thinks of SIGTERM."""
    child = python(STUBBORN, tmp_path / "log")
    await child.start()
    await child.wait_for_line("ready", 20)
    pid = child.pid
    assert pid is not None
    await child.stop(grace_s=0.2)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_an_endless_line_does_not_stop_the_reading(tmp_path: Path) -> None:
    """A line of a million characters is logged in pieces, and the next line is still heard."""
    child = python("print('x' * 1_000_000); print('done')", tmp_path / "log")
    await child.start()
    await child.wait_for_line("done", 20)
    await child.stop()
    assert (tmp_path / "log").read_text().replace("\n", "").count("x") == 1_000_000


async def test_a_missing_program_is_one_sentence(tmp_path: Path) -> None:
    """No traceback, no log left open."""
    child = ChildProcess("The program", ("/no/such/program",), tmp_path / "log")
    with pytest.raises(LocalError, match=r"The program could not be started: /no/such/program: No such file"):
        await child.start()


async def test_the_end_by_a_signal_is_named(tmp_path: Path) -> None:
    """`wait` tells the signal rather than a negative number."""
    child = python("import os; os.kill(os.getpid(), 9)", tmp_path / "log")
    await child.start()
    async with asyncio.timeout(20):
        assert (await child.wait()).startswith("The program was ended by SIGKILL: it said nothing")
    await child.stop()


def test_logs_are_bounded(tmp_path: Path) -> None:
    """A full log moves aside once; nothing grows for ever."""
    log = LineLog(tmp_path / "log", size_bytes_max=1000)
    for number in range(1000):
        log.write(f"line {number}")
    log.close()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2100
    assert list(log.last_lines)[-1] == "line 999"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.1"]
