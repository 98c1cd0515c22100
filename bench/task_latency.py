"""RunTask to RUNNING, and death to replacement RUNNING, against `docker run -d` of the same image."""

from __future__ import annotations

import subprocess
import time
from typing import Any

from bench.measure import Figure, median

TIMES = 20
POLL_S = 0.002
# A task that dies sooner counts as a crash loop and is replaced with a pause.
LASTED_S = 11.0
LABEL = "com.amazonaws.ecs.task-arn"


def measure(ecs: Any, image: str) -> list[Figure]:
    """The three are taken in turn, so that a noisy moment hits all."""
    definition = {
        "name": "web",
        "image": image,
        "cpu": 10,
        "memory": 32,
        "command": ["sleep", "3600"],
        "linuxParameters": {"initProcessEnabled": True},
    }
    ecs.register_task_definition(family="bench-latency", containerDefinitions=[definition])
    ecs.create_service(serviceName="bench-latency", taskDefinition="bench-latency", desiredCount=TIMES)
    ecs.get_waiter("services_stable").wait(services=["bench-latency"], WaiterConfig={"Delay": 1})
    time.sleep(LASTED_S)
    docker_s, run_task_s, replace_s = [], [], []
    for victim in ecs.list_tasks(serviceName="bench-latency")["taskArns"]:
        docker_s.append(docker_run(image))
        run_task_s.append(run_task(ecs))
        replace_s.append(replacement(ecs, victim))
    ecs.delete_service(service="bench-latency", force=True)
    reference = median(docker_s)
    return [
        figure(f"RunTask to RUNNING, median of {TIMES}", median(run_task_s), reference, 1.5),
        figure(
            f"death of a container to its replacement RUNNING, median of {TIMES}",
            median(replace_s),
            reference,
            2,
        ),
    ]


def figure(what: str, ours: float, reference: float, bound: float) -> Figure:
    return Figure(
        what,
        f"{ours * 1000:.0f} ms",
        f"docker run -d {reference * 1000:.0f} ms",
        f"{ours / reference:.2f} x",
        f"at most {bound} x",
        ours / reference <= bound,
    )


def docker_run(image: str) -> float:
    started = time.perf_counter()
    command = ["docker", "run", "-d", "--init", "--memory", "32m", image, "sleep", "3600"]
    container = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    took = time.perf_counter() - started
    subprocess.run(["docker", "rm", "-f", container], check=True, capture_output=True)
    return took


def run_task(ecs: Any) -> float:
    started = time.perf_counter()
    answer = ecs.run_task(taskDefinition="bench-latency")
    task_arn = answer["tasks"][0]["taskArn"]
    while ecs.describe_tasks(tasks=[task_arn])["tasks"][0]["lastStatus"] != "RUNNING":
        time.sleep(POLL_S)
    took = time.perf_counter() - started
    ecs.stop_task(task=task_arn)
    ecs.get_waiter("tasks_stopped").wait(tasks=[task_arn], WaiterConfig={"Delay": 1})
    return took


def replacement(ecs: Any, victim: str) -> float:
    before = set(ecs.list_tasks(serviceName="bench-latency")["taskArns"])
    (container,) = subprocess.run(
        ["docker", "ps", "-q", "--filter", f"label={LABEL}={victim}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    subprocess.run(["docker", "kill", container], check=True, capture_output=True)
    started = time.perf_counter()
    while True:
        following = sorted(set(ecs.list_tasks(serviceName="bench-latency")["taskArns"]) - before)
        if following and ecs.describe_tasks(tasks=following)["tasks"][0]["lastStatus"] == "RUNNING":
            return time.perf_counter() - started
        time.sleep(POLL_S)
