"""What happened, as lines: what ECS says again and again within a few seconds is told once, summed up.

Pure. Target registrations are left out, since the counts show what they lead to.
"""

from __future__ import annotations

import re

import msgspec

from shipway.simulator.scenarios.book import Entry

WINDOW_S = 15.0
REPEATED = re.compile(r"has started|has stopped|stopped \d+ pending|is unhealthy in|tasks ended")
LEFT_OUT = re.compile(r"registered \d+ targets|begun draining connections")
COUNT = re.compile(r"(?<!\S)\d+(?= (?:running |pending )?tasks)")
PARTICULARS = re.compile(r"( \((task|instance|port) [^)]*\)| \(\.\.\.\))+|\d+(?= )")


class Line(msgspec.Struct, kw_only=True):
    entry: Entry
    times: int = 1
    sums: list[int] = []
    counts: str = ""

    @property
    def text(self) -> str:
        text = self.entry.text
        if self.times == 1:
            return text
        if self.sums:
            sums = iter(self.sums)
            told = COUNT.sub(lambda _: str(next(sums)), text)
            return re.sub(r"(?<=:) \(task [^)]*\)( \(task [^)]*\))*", " (...)", told)
        return f"{self.times} times: {text}"


def lines_of(entries: tuple[Entry, ...]) -> list[Line]:
    lines: list[Line] = []
    running: dict[tuple[str, str], Line] = {}
    for entry in entries:
        if LEFT_OUT.search(entry.text):
            continue
        if not REPEATED.search(entry.text):
            running.clear()
            lines.append(Line(entry=entry, counts=entry.counts))
            continue
        numbers = [int(number) for number in COUNT.findall(entry.text)]
        key = entry.service, PARTICULARS.sub("", entry.text)
        line = running.get(key)
        if line is None or entry.at_s - line.entry.at_s > WINDOW_S:
            line = running[key] = Line(entry=entry, sums=numbers, counts=entry.counts)
            lines.append(line)
        else:
            line.times, line.counts = line.times + 1, entry.counts
            line.sums = [total + number for total, number in zip(line.sums, numbers, strict=True)]
    return lines
