"""`make demo`: the main job on examples/hello, step by step, each with its time. Checks what it shows.

Everything happens in a temporary folder with a local ECS of its own; at the end nothing may be left behind,
and the demo looks for itself. It uses what a user uses: the command line, the load balancer, `docker kill`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHIPWAY = str(Path(sys.executable).with_name("shipway"))
REQUESTS_PER_SECOND = 60
DEADLINE_S = 60.0
STEPS = 7


class DemoError(Exception):
    """What was shown is not what should be."""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="shipway-demo-") as folder:
        data = Path(folder) / "data"
        shutil.copytree(ROOT / "examples" / "hello", Path(folder) / "hello")
        os.chdir(Path(folder) / "hello")
        os.environ["SHIPWAY_DATA"] = str(data)
        started = time.monotonic()
        try:
            run_steps(data)
        except DemoError as error:
            print(f"\nThe demo failed: {error}\nThe control plane's last words:", file=sys.stderr)
            subprocess.run([SHIPWAY, "local", "logs"], check=False)
            return 1
        finally:
            subprocess.run([SHIPWAY, "local", "down"], check=False, capture_output=True)
        print(f"\nAll {STEPS} steps done in {time.monotonic() - started:.0f} s.")
        return 0


def run_steps(data: Path) -> None:
    port = free_port(4700)
    with step(1, "An ECS on this machine: three container instances in three Availability Zones"):
        shipway("local", "up", "--instances", "3", "--port", str(port))
    settings = json.loads((data / "settings.json").read_text())
    with step(2, "A container from its Dockerfile to running behind a load balancer"):
        shipway("deploy", "-e", "local", VERSION="1")
        url = page_url()
        expect_page(url, "version 1")
    with step(3, "A container is killed; the service replaces it"):
        kill_one_container(url)
    with step(4, f"Version 2 under {REQUESTS_PER_SECOND} requests a second: a rolling update"):
        with Load(url) as load:
            shipway("deploy", "-e", "local", VERSION="2")
        expect_page(url, "version 2")
        print(
            f"    {load.answered} requests answered, {len(load.failures)} failed; seen: {sorted(load.pages)}"
        )
        check(not load.failures, f"requests failed during the rolling update: {load.failures[:3]}")
        check(load.rate >= 50, f"only {load.rate:.0f} requests a second were sent")
    with step(5, "A broken version 3: the circuit breaker trips, ECS rolls back, and we are told why"):
        with Load(url) as load:
            shipway("deploy", "-e", "local", expect=3, VERSION="3", BROKEN="1")
        expect_page(url, "version 2")
        print(f"    {load.answered} requests answered meanwhile, {len(load.failures)} failed")
        check(not load.failures, f"requests failed during the rollback: {load.failures[:3]}")
    with step(6, "One-off tasks: run, start, stop"):
        one_off_tasks()
    with step(7, "Everything is taken down"):
        shipway("local", "down")
        check_nothing_left(settings["installation"], data, port)


def kill_one_container(url: str) -> None:
    before = running_tasks()
    with Load(url) as load:
        container = docker(
            "ps",
            "-q",
            "--filter",
            f"label=com.amazonaws.ecs.task-arn={before[0]}",
            "--filter",
            "label=com.amazonaws.ecs.container-name=web",
        )[0]
        print(f"    docker kill {container}")
        docker("kill", container)
        killed = time.monotonic()
        wait_until(
            "the replacement runs",
            lambda: before[0] not in (now := running_tasks()) and len(now) == len(before),
        )
        print(f"    replaced after {time.monotonic() - killed:.1f} s")
        wait_until("all targets are healthy", lambda: healthy_targets() == len(before))
    print(f"    {load.answered} requests answered meanwhile, {len(load.failures)} failed")
    errors_s = load.longest_outage_s
    check(
        errors_s <= 5,
        f"the load balancer served errors for {errors_s:.1f} s, longer than its health check allows",
    )


def one_off_tasks() -> None:
    command = "echo counting to three; for i in 1 2 3; do echo $i; done; exit 42"
    shipway("run", "-e", "local", "--", "sh", "-c", command, expect=42)
    instances = json.loads(shipway("local", "status", "-o", "json", quiet=True))["instances"]
    instance = next(found["instance_id"] for found in instances if found["cluster"] == "hello")
    answer = shipway("start", "-e", "local", "--instance", instance, "-o", "json", "--", "sleep", "600")
    task = json.loads(answer)["tasks"][0]["taskArn"].rsplit("/", 1)[-1]
    shipway("stop", "-e", "local", task, "--reason", "The demo is over")


def check_nothing_left(installation: str, data: Path, port: int) -> None:
    label = f"label=shipway.installation={installation}"
    left = {
        "containers": docker("ps", "-aq", "--filter", label),
        "networks": docker("network", "ls", "-q", "--filter", label),
        "processes": processes_naming(str(data)),
        "ports": [number for number in (port, port + 1) if not is_free(number)],
    }
    for what, found in left.items():
        check(not found, f"these {what} are left behind: {found}")
    print("    no container, network, process or port is left behind")


@contextlib.contextmanager
def step(number: int, title: str) -> Iterator[None]:
    print(f"\n[{number}/{STEPS}] {title}", flush=True)
    started = time.monotonic()
    yield
    print(f"[{number}/{STEPS}] done in {time.monotonic() - started:.1f} s", flush=True)


def shipway(*arguments: str, expect: int = 0, quiet: bool = False, **environment: str) -> str:
    """Runs one command as a user would; its progress is shown, its standard output returned."""
    shown = " ".join(f"{name}={value}" for name, value in environment.items())
    if not quiet:
        print(f"$ {shown + ' ' if shown else ''}shipway {' '.join(arguments)}", flush=True)
    done = subprocess.run(
        [SHIPWAY, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if quiet else None,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
    if done.stdout and not quiet:
        print(done.stdout, end="", flush=True)
    check(
        done.returncode == expect, f"shipway {arguments[0]} ended with {done.returncode} instead of {expect}"
    )
    if expect:
        print(f"    (exit code {done.returncode}, as it should be)")
    return done.stdout


def status() -> dict[str, Any]:
    return json.loads(shipway("status", "-e", "local", "-o", "json", quiet=True))


def page_url() -> str:
    return str(status()["urls"][0])


def running_tasks() -> list[str]:
    return sorted(task["taskArn"] for task in status()["tasks"] if task["lastStatus"] == "RUNNING")


def healthy_targets() -> int:
    return sum(1 for target in status()["targets"] if target["TargetHealth"]["State"] == "healthy")


def docker(*arguments: str) -> list[str]:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.split()


def fetch(url: str) -> str:
    """One request on a connection of its own. Browsers and curl resolve NAME.localhost by themselves, Python
    does not: it is asked for at 127.0.0.1, by its name.
    """
    address = urllib.parse.urlsplit(url)
    at_loopback = urllib.request.Request(
        f"http://127.0.0.1:{address.port or 80}{address.path}", headers={"Host": address.netloc}
    )
    with urllib.request.urlopen(at_loopback, timeout=10) as answer:
        return str(answer.read().decode())


def expect_page(url: str, words: str) -> None:
    page = fetch(url)
    print(f"    {url} answers: {page.strip()}")
    check(words in page, f"the page does not say '{words}'")


@dataclass
class Load:
    """Asks for the page at a steady pace from its own threads while the `with` block runs."""

    url: str
    answered: int = 0
    failures: list[str] = field(default_factory=list)
    pages: set[str] = field(default_factory=set)
    longest_outage_s: float = 0.0
    rate: float = 0.0

    def __enter__(self) -> Load:
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._failing_since: float | None = None
        self._started = time.monotonic()
        self._threads = [
            threading.Thread(target=self._ask, args=(number,), daemon=True) for number in range(6)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self.rate = (self.answered + len(self.failures)) / (time.monotonic() - self._started)

    def _ask(self, number: int) -> None:
        pause = len(self._threads) / REQUESTS_PER_SECOND
        due = time.monotonic() + number * pause / len(self._threads)
        while not self._over.wait(max(0.0, due - time.monotonic())):
            due += pause
            try:
                self._answered(fetch(self.url))
            except (urllib.error.URLError, OSError) as error:
                self._failed(f"{error!r} after {time.monotonic() - self._started:.1f} s")

    def _answered(self, page: str) -> None:
        with self._lock:
            self.answered += 1
            self.pages.add(page.split(",")[0].strip())
            self._failing_since = None

    def _failed(self, why: str) -> None:
        with self._lock:
            now = time.monotonic()
            self.failures.append(why)
            self._failing_since = self._failing_since or now
            self.longest_outage_s = max(self.longest_outage_s, now - self._failing_since)


def wait_until(what: str, holds: Any) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        check(time.monotonic() < deadline, f"waited {DEADLINE_S:.0f} s in vain until {what}")
        time.sleep(0.1)


def check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise DemoError(otherwise)


def free_port(preferred: int) -> int:
    return next(port for port in range(preferred, preferred + 200, 10) if is_free(port) and is_free(port + 1))


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def processes_naming(text: str) -> list[str]:
    listing = subprocess.run(["ps", "-eo", "pid=,args="], check=True, capture_output=True, text=True).stdout
    return [line.strip() for line in listing.splitlines() if text in line]


if __name__ == "__main__":
    sys.exit(main())
