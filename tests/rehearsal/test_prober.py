"""Requests to the service under rehearsal, and what is told of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from shipway.rehearsal.prober import ask
from shipway.rehearsal.requests_made import NO_ANSWER, RequestsMade


class Answers(BaseHTTPRequestHandler):
    """/404 is answered with 404; the name it was asked for is looked at."""

    def do_GET(self) -> None:
        known = self.headers["Host"].startswith("web.localhost")
        self.send_response(int(self.path[1:]) if known else 500)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Not into the test's output."""


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://web.localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_counts_as_failed(url: str) -> None:
    """An answer of the server's own trouble, and none at all; not one that is the application's own."""
    assert ask(f"{url}/200") is None
    assert ask(f"{url}/404") is None
    assert ask(f"{url}/503") == "503"
    assert ask("http://web.localhost:1/") == NO_ANSWER


def test_what_is_told() -> None:
    """How many, how, and since when."""
    assert RequestsMade("http://x/", 7).text() == "7 requests to http://x/, none failed"
    failed = RequestsMade("http://x/", 7, {"503": 2, NO_ANSWER: 1}, 3.25)
    assert failed.text() == (
        "7 requests to http://x/, 3 failed (503: 2, no answer: 1), the first after 3.2 s"
    )
