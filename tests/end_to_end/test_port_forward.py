"""`port-forward` into a real container, which publishes no port."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import md5
from http.client import RemoteDisconnected
from typing import Any

import pytest

from tests.end_to_end.local_ecs import COMMAND_LIMIT_S, LocalEcs

pytestmark = pytest.mark.docker

PLACE = ("-e", "local", "--cluster", "default")
SCRIPT = """mkdir /www && echo welcome > /www/index.html
dd if=/dev/urandom of=/www/big bs=1k count=3000 && md5sum /www/big > /www/sum
exec httpd -f -p 8000 -h /www"""


@dataclass
class Forwarded:
    process: subprocess.Popen[str]
    port: int

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=COMMAND_LIMIT_S) as answer:
            found: bytes = answer.read()
            return found


@contextmanager
def forwarded(local: LocalEcs, *arguments: str) -> Iterator[Forwarded]:
    command = [sys.executable, "-m", "shipway.cli.main", "port-forward", *PLACE, *arguments]
    with subprocess.Popen(
        command, env=local.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            told = process.stderr.readline()
            match = re.search(r"127\.0\.0\.1:(\d+) -> port", told)
            assert match, told + process.stderr.read()
            yield Forwarded(process, int(match[1]))
        finally:
            process.kill()


@pytest.mark.parametrize("mode", ["bridge", "awsvpc"])
def test_a_port_must_lead_into_the_container(local: LocalEcs, mode: str) -> None:
    """Small and large answers, one after the other; Ctrl-C ends it in order."""
    container = {"name": "main", "command": ["sh", "-c", SCRIPT], "stopTimeout": 2}
    definition = local.register(f"forwarded-{mode}", container, networkMode=mode)
    members: dict[str, Any] = {"enableExecuteCommand": True}
    if mode == "awsvpc":
        members["networkConfiguration"] = {"awsvpcConfiguration": {"subnets": ["subnet-local"]}}
    arn = local.run(definition, **members)
    local.until(arn, lambda task: task["lastStatus"] == "RUNNING")
    local.lines(f"/ecs/forwarded-{mode}", bool)  # dd has said that it is done
    with forwarded(local, "--task", arn, ":8000", "-o", "json") as found:
        assert found.get("/") == b"welcome\n"
        digest = found.get("/sum").split()[0].decode()
        assert md5(found.get("/big"), usedforsecurity=False).hexdigest() == digest
        found.process.send_signal(signal.SIGINT)
        out, told = found.process.communicate(timeout=COMMAND_LIMIT_S)
    assert found.process.returncode == 0, told
    document = json.loads(out)
    assert (document["localPort"], document["remotePort"], document["connections"]) == (found.port, 8000, 3)
    local.ecs.stop_task(task=arn)


def test_a_port_where_nobody_listens_must_be_said(local: LocalEcs) -> None:
    """And the connection is closed."""
    definition = local.register("deaf", {"name": "main", "command": ["sleep", "600"], "stopTimeout": 2})
    arn = local.run(definition, enableExecuteCommand=True)
    local.until(arn, lambda task: task["lastStatus"] == "RUNNING")
    with forwarded(local, "--task", arn, ":81") as found:
        with pytest.raises(RemoteDisconnected):
            found.get("/")
        assert found.process.stderr is not None
        assert "nothing answers at that port" in found.process.stderr.readline()
    local.ecs.stop_task(task=arn)
