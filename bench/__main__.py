"""`make bench`: starts a local ECS of its own, measures, writes bench/RESULTS.md, takes everything down.

`python -m bench api` measures one part (or several: scale, simulated, simulation, footprint, latency, plan,
deploy, api) and only prints. The first three need no local ECS: they are in this process, without containers.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.credentials import Credentials

from bench import api_rate, deploy_time, footprint, plan_time, scale, simulated, simulation, task_latency
from bench.measure import Figure, load, machine, table

RESULTS = Path(__file__).parent / "RESULTS.md"
IMAGE = "busybox:stable"
PORT = "4790"
BUSY_LOAD = 0.5
IN_PROCESS = ("scale", "simulated", "simulation")
PARTS = (*IN_PROCESS, "footprint", "latency", "plan", "deploy", "api")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(PARTS)}; all by default")
    parts = parser.parse_args().parts or list(PARTS)
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    shipway = str(Path(sys.executable).with_name("shipway"))
    load_before = load()
    if load_before > BUSY_LOAD:
        print(
            f"bench: this machine is busy (load {load_before:.1f}), and waiting for a core is measured too. "
            "Run it again when it is quiet.",
            file=sys.stderr,
        )
    figures = scale.measure() if "scale" in parts else []
    figures += simulated.measure() if "simulated" in parts else []
    figures += simulation.measure() if "simulation" in parts else []
    if not set(parts) <= set(IN_PROCESS):
        figures += on_local_ecs(shipway, parts)
    text = table(figures)
    print(text)
    if set(parts) == set(PARTS):
        write_results(text, load_before)
    return 0 if all(figure.met for figure in figures) else 1


def on_local_ecs(shipway: str, parts: list[str]) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="shipway-bench-") as folder:
        os.environ["SHIPWAY_DATA"] = folder
        try:
            return measure(shipway, Path(folder), parts)
        finally:
            subprocess.run([shipway, "local", "down"], check=False, capture_output=True)


def measure(shipway: str, folder: Path, parts: list[str]) -> list[Figure]:
    figures = [footprint.help_time(shipway)] if "footprint" in parts else []
    started = time.perf_counter()
    subprocess.run([shipway, "local", "up", "--instances", "3", "--port", PORT], check=True)
    up_s = time.perf_counter() - started
    endpoint = json.loads((folder / "endpoint.json").read_text())
    ecs = client(endpoint)
    wait_for_instances(ecs, 3)
    if "footprint" in parts:
        figures += [footprint.up_time(up_s), *footprint.idle(int(endpoint["pid"]))]
    if "latency" in parts:
        figures += task_latency.measure(ecs, IMAGE)
    if "plan" in parts:
        figures += plan_time.measure(shipway)
    if "deploy" in parts:
        figures += deploy_time.measure(shipway, IMAGE)
    if "api" in parts:
        credentials = Credentials(endpoint["access_key_id"], endpoint["secret_access_key"])
        figures += api_rate.measure(endpoint["endpoint_url"], credentials)
    return figures


def write_results(text: str, load_before: float) -> None:
    RESULTS.write_text(
        "# Measured\n\n"
        f"Command: `make bench`. Machine: {machine()}, load {load_before:.1f} before it. "
        f"Date: {datetime.date.today().isoformat()}.\n"
        "Ratios are of one run, the two sides taken in turn. A figure that misses its bound is shown.\n\n"
        f"{text}\n"
    )


def client(endpoint: dict[str, Any]) -> Any:
    return boto3.client(
        "ecs",
        endpoint_url=endpoint["endpoint_url"],
        region_name=endpoint["region"],
        aws_access_key_id=endpoint["access_key_id"],
        aws_secret_access_key=endpoint["secret_access_key"],
    )


def wait_for_instances(ecs: Any, count: int) -> None:
    deadline = time.monotonic() + 60
    while ecs.describe_clusters()["clusters"][0]["registeredContainerInstancesCount"] < count:
        if time.monotonic() > deadline:
            raise RuntimeError(f"Fewer than {count} container instances joined within a minute.")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
