"""Signed ECS requests a second, against moto_server on the same machine in the same run."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import uvloop
from botocore.credentials import Credentials

from bench.load import requests_per_second, signed_request
from bench.measure import Figure, median

ROUNDS = 9
SECONDS = 1.0
TASK_DEFINITION = {
    "family": "bench",
    "containerDefinitions": [{"name": "web", "image": "busybox:stable", "cpu": 10, "memory": 16}],
}


def measure(endpoint: str, credentials: Credentials) -> list[Figure]:
    """Rounds alternate between the two servers, so that a noisy moment hits both."""
    with moto_server() as moto:
        for server in (endpoint, moto):
            prepare(server, credentials)
        return [
            compare("DescribeClusters", {"clusters": ["bench-rate"]}, 15, (endpoint, moto), credentials),
            compare(
                "DescribeServices",
                {"cluster": "bench-rate", "services": ["web"]},
                15,
                (endpoint, moto),
                credentials,
            ),
            compare("RegisterTaskDefinition", TASK_DEFINITION, 5, (endpoint, moto), credentials),
        ]


def compare(
    operation: str, members: dict[str, object], bound: int, servers: tuple[str, str], credentials: Credentials
) -> Figure:
    rates: dict[str, list[float]] = {server: [] for server in servers}
    for _ in range(ROUNDS):
        for server in servers:
            request = signed_request(server, operation, members, credentials)
            rates[server].append(uvloop.run(requests_per_second(server, request, SECONDS)))
    ours, theirs = (median(rates[server]) for server in servers)
    return Figure(
        f"{operation}, signed, 8 connections",
        f"{ours:,.0f} requests/s",
        f"moto_server {theirs:,.0f} requests/s",
        f"{ours / theirs:.1f} x",
        f"at least {bound} x",
        ours / theirs >= bound,
    )


def prepare(endpoint: str, credentials: Credentials) -> None:
    ecs = boto3.client(
        "ecs",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
    )
    ecs.create_cluster(clusterName="bench-rate")
    ecs.register_task_definition(**TASK_DEFINITION)
    ecs.create_service(cluster="bench-rate", serviceName="web", taskDefinition="bench", desiredCount=0)


@contextmanager
def moto_server() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, time.monotonic() + 60)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def wait_for_port(port: int, deadline: float) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
