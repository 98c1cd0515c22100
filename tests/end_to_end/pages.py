"""A container that serves a page, and readers who ask for it at a steady pace."""

from __future__ import annotations

import threading
import time
import urllib.error
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.end_to_end.local_ecs import fetch

REQUESTS_PER_SECOND = 60
READERS = 6
SLOW_READERS = 3
SLOW_S = 3

SERVE = rf"""mkdir -p /www/cgi-bin
echo "$VERSION" > /www/index.html
printf '#!/bin/sh\nsleep {SLOW_S}\nprintf "Content-Type: text/plain\\r\\n\\r\\nslow %s" "$VERSION"\n' \
    > /www/cgi-bin/slow
chmod +x /www/cgi-bin/slow
exec httpd -f -p 80 -h /www"""


def web_container(version: str = "1") -> dict[str, Any]:
    """Port 80: `/` says the version, `/cgi-bin/slow` says it after three seconds. Ends at SIGTERM."""
    return {
        "name": "web",
        "command": ["sh", "-c", SERVE],
        "environment": [{"name": "VERSION", "value": version}],
        "portMappings": [{"containerPort": 80}],
        "linuxParameters": {"initProcessEnabled": True},
    }


@dataclass
class Readers:
    """Ask for the page while the `with` block runs; a few always have a slow request in flight."""

    url: str
    slow: bool = False
    answered: int = 0
    slow_answered: int = 0
    failures: list[str] = field(default_factory=list)
    pages: Counter[str] = field(default_factory=Counter)
    rate: float = 0.0

    @property
    def seen(self) -> set[str]:
        return set(self.pages)

    def __enter__(self) -> Readers:
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._threads = [threading.Thread(target=self._read, args=(number,)) for number in range(READERS)]
        if self.slow:
            self._threads += [threading.Thread(target=self._read_slowly) for _ in range(SLOW_READERS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        lasted_s = time.monotonic() - self._started
        for thread in self._threads:
            thread.join()
        self.rate = self.answered / lasted_s

    def _read(self, number: int) -> None:
        pause_s = READERS / REQUESTS_PER_SECOND
        due = self._started + number * pause_s / READERS
        while not self._over.wait(max(0.0, due - time.monotonic())):
            due += pause_s
            self._ask("/")

    def _read_slowly(self) -> None:
        while not self._over.is_set():
            self._ask("/cgi-bin/slow")

    def _ask(self, path: str) -> None:
        try:
            page = fetch(self.url + path).strip()
        except (urllib.error.URLError, OSError) as error:
            with self._lock:
                self.failures.append(f"{path}: {error!r} after {time.monotonic() - self._started:.1f} s")
            return
        with self._lock:
            if page.startswith("slow"):
                self.slow_answered += 1
            else:
                self.answered += 1
                self.pages[page] += 1
