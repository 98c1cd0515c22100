"""Gentle requests to the service while it is deployed: how many were answered, and how many failed."""

from __future__ import annotations

import http.client
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from shipway.rehearsal.requests_made import NO_ANSWER, RequestsMade

EVERY_S = 0.2
ANSWER_WITHIN_S = 5.0


class Prober:
    """In a thread of its own, one request after the other, each on a connection of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._failures: Counter[str] = Counter()
        self._requests = 0
        self._first_failed_s: float | None = None
        self._ends = threading.Event()

    @contextmanager
    def asking(self) -> Iterator[None]:
        thread = threading.Thread(target=self._run, name="prober", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ends.set()
            thread.join()

    def made(self) -> RequestsMade:
        failures = dict(sorted(self._failures.items()))
        return RequestsMade(self.url, self._requests, failures, self._first_failed_s)

    def _run(self) -> None:
        started_s = time.monotonic()
        while not self._ends.wait(EVERY_S):
            asked_s = time.monotonic() - started_s
            failure = ask(self.url)
            self._requests += 1
            if failure is not None:
                self._failures[failure] += 1
                if self._first_failed_s is None:
                    self._first_failed_s = asked_s


def ask(url: str) -> str | None:
    """How it failed: the status, or that nobody answered. NAME.localhost is asked for at loopback."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=ANSWER_WITHIN_S)
    try:
        connection.request("GET", parts.path or "/", headers={"Host": parts.netloc, "Connection": "close"})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return NO_ANSWER
    finally:
        connection.close()
    return str(answer.status) if answer.status >= 500 else None
