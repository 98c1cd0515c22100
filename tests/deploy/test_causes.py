"""Causes, each by the literal words of AWS or of local ECS; every code is brought about at least once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from shipway.deploy.planning.causes import CAUSES, Around, Cause, cause_of, end_of, told_by_log, unplaced
from shipway.deploy.planning.causes.deployment import of_deployment, of_events, stuck_draining
from shipway.deploy.planning.causes.health import of_target
from tests.docs.pages import ROOT
from tests.end_to_end.test_causes import CODES as BROUGHT_ABOUT

from .causes_in_words import GROUP, IN_CONTAINER, IN_TASK, SECRET, task

DEFINITION = {
    "executionRoleArn": "arn:aws:iam::111122223333:role/shop-execution",
    "containerDefinitions": [
        {
            "name": "web",
            "image": "shop:1",
            "memory": 256,
            "secrets": [{"name": "DB", "valueFrom": SECRET}],
            "healthCheck": {"command": ["CMD-SHELL", "curl -f localhost"]},
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/shop"}},
        }
    ],
}
AROUND = Around(
    DEFINITION,
    {
        "loadBalancers": [{"targetGroupArn": GROUP, "containerName": "web", "containerPort": 8080}],
        "healthCheckGracePeriodSeconds": 5,
        "deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 100},
    },
    {GROUP: {"HealthCheckPath": "/health", "Matcher": {"HttpCode": "200"}, "HealthCheckTimeoutSeconds": 2}},
)


EXITS = {
    1: "SC501",
    0: "SC502",
    126: "SC503",
    127: "SC504",
    137: "SC506",
    139: "SC507",
    143: "SC508",
    134: "SC509",
}
LOGGED = [
    ("SC511", "touch: /x: Read-only file system", "read-only file system"),
    ("SC512", "KeyError: 'DATABASE_URL'", "environment variable DATABASE_URL"),
    ("SC512", "sh: DATABASE_URL: parameter not set", "environment variable DATABASE_URL"),
    ("SC512", "Error: PORT is required", "environment variable PORT"),
    ("SC513", "Error: listen EADDRINUSE: address already in use :::8080", "port that it listens on"),
    ("SC514", "mkdir: can't create directory '/data/x': Permission denied", "may not do something"),
    ("SC515", "exec /app/run: exec format error", "another kind of processor"),
    (
        "SC516",
        "psycopg2.OperationalError: connection to server at db failed: Connection refused",
        "another service",
    ),
    ("SC517", "write /tmp/x: no space left on device", "the disk is full"),
    ("SC518", "ModuleNotFoundError: No module named 'flask'", "a file or module is missing"),
    ("SC519", "java.lang.OutOfMemoryError: Java heap space", "used up its memory"),
]
TARGETS = [
    ("SC602", "Health checks failed with these codes: [404]", "asks for /health at port 8080 and gets 404"),
    ("SC603", "Request timed out", "gets no answer within 2 s"),
    ("SC604", "Health checks failed", "nobody answers"),
    (
        "SC608",
        "Target is in an Availability Zone that is not enabled for the load balancer",
        "a zone that the load balancer is not enabled for",
    ),
    ("SC609", "TARGET GROUP IS NOT FOUND", "is gone"),
]
LISTENING = [
    ("SC605", "Listening on http://0.0.0.0:3000", "listens on port 3000, and the load balancer asks at 8080"),
    ("SC606", "Listening on 127.0.0.1:8080", "listens on 127.0.0.1 only"),
    ("SC607", "Listening on 0.0.0.0:8080", "too late"),
]
NO_INSTANCE = (
    "(service web) was unable to place a task because no container instance met all of its requirements. "
)
CLOSEST = NO_INSTANCE + "The closest matching (container-instance abc) "
MORE = " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
UNPLACED = [
    ("SC301", NO_INSTANCE + "Reason: No Container Instances were found in your cluster."),
    ("SC302", CLOSEST + "has insufficient CPU units available."),
    ("SC303", CLOSEST + "has insufficient memory available."),
    ("SC304", CLOSEST + "is already using a port required by your task."),
    ("SC305", CLOSEST + "is missing an attribute required by your task."),
    ("SC306", CLOSEST + 'encountered error "AGENT".'),
    ("SC307", CLOSEST + 'encountered error "MemberOf placement constraint unsatisfied.".'),
    ("SC309", "(service web) was unable to place a task. Reason: Capacity is unavailable at this time."),
    (
        "SC310",
        "(service web) was unable to place a task. Reason: You've reached the limit on the number of vCPUs "
        "you can "
        "run concurrently",
    ),
    (
        "SC312",
        "(service web) was unable to reach steady state. Reason: No Container Instances were found in your "
        "capacity provider.",
    ),
    ("SC399", "(service web) was unable to place a task. Reason: Internal error."),
    ("SC101", "(service web) was unable to place a task. Reason: CannotPullContainerError: x: not found."),
]
EVENTS = [
    (
        "SC701",
        "(service web) was unable to stop or start tasks during a deployment because of the service "
        "deployment "
        "configuration. Update the minimumHealthyPercent or maximumPercent value and try again.",
    ),
    (
        "SC702",
        "(service web) was unable to reach steady state because (taskSet ecs-svc/1) was unable to scale in "
        "due to "
        "(reason 2 tasks under protection)",
    ),
    (
        "SC710",
        "IAM permissions policies have been misconfigured or changed, and ECS can no longer maintain your "
        "service",
    ),
    ("SC711", "service web failed to register targets in target-group shop with (error AccessDenied)"),
    ("SC712", "(service web) operations are being throttled on elb. Will try again later."),
]
DEPLOYMENTS: list[tuple[str, dict[str, Any], str]] = [
    (
        "SC703",
        {"deploymentCircuitBreaker": {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}},
        "3 tasks failed",
    ),
    ("SC704", {"alarms": {"status": "TRIGGERED", "triggeredAlarmNames": ["5xx"]}}, "the alarm 5xx fired"),
    (
        "SC705",
        {
            "statusReason": "Service deployment rolled back because PRE_SCALE_UP lifecycle hook(s) failed. "
            "It said no."
        },
        "the hook at PRE_SCALE_UP failed: It said no",
    ),
    (
        "SC706",
        {"statusReason": "Service deployment rolled back because PRE_SCALE_UP pause hook timed out."},
        "the hook at PRE_SCALE_UP timed out",
    ),
    ("SC707", {"statusReason": "Stopped because of a newer deployment"}, "a newer deployment"),
    ("SC708", {"statusReason": "Stopped by StopServiceDeployment"}, "somebody stopped the deployment"),
    ("SC713", {"statusReason": "No rollback candidate was found"}, "no earlier deployment"),
]
CRASH = Cause("SC501", "container web exits with code 1", "", "web", 1)
UNANSWERED = of_target("Health checks failed", GROUP, AROUND)
DRAINING = {"containerInstanceArn": "arn:i/shop/abc", "status": "DRAINING", "runningTasksCount": 1}


def told() -> Iterator[tuple[str, Cause | None, str]]:
    """Every case: the code that it must have, what was found, and what its sentence must say."""
    for code, reason, said in IN_CONTAINER:
        yield code, cause_of(task("TaskFailedToStart", "Task failed to start", reason=reason), AROUND), said
        yield code, cause_of(task("TaskFailedToStart", reason), AROUND), said.replace(" of container web", "")
    for code, stopped, said in IN_TASK:
        yield code, end_of(stopped, AROUND), said
    for exit_code, code in EXITS.items():
        stopped = task("EssentialContainerExited", "Essential container in task exited", exitCode=exit_code)
        yield code, cause_of(stopped, AROUND), f"container web exits with code {exit_code}"
    for code, line, said in LOGGED:
        yield code, told_by_log(CRASH, ("starting", line), AROUND), said
    for code, reason, said in TARGETS:
        yield code, of_target(reason, GROUP, AROUND), said
    for code, line, said in LISTENING:
        yield code, told_by_log(UNANSWERED, (line,), AROUND), said
    for code, event in UNPLACED:
        yield code, unplaced(event + MORE, AROUND), ""
    for code, event in EVENTS:
        yield code, next(of_events((event,), AROUND), (None, ""))[0], ""
    for code, deployment, said in DEPLOYMENTS:
        yield code, next(of_deployment(deployment, AROUND), (None, ""))[0], said
    yield "SC709", next(stuck_draining((DRAINING,), AROUND))[0], "draining instance abc"


CASES = list(told())


@pytest.mark.parametrize(
    ("code", "cause", "said"), CASES, ids=[f"{code}-{number}" for number, (code, _, _) in enumerate(CASES)]
)
def test_cause_is_known_by_its_words(code: str, cause: Cause | None, said: str) -> None:
    """With its code, a sentence that names what is concerned, and what to do."""
    assert cause is not None
    assert (cause.code, said in cause.sentence) == (code, True), cause.sentence
    assert cause.advice or code in ("SC501",)
    assert "{" not in cause.sentence + cause.advice


def test_every_code_is_brought_about() -> None:
    """No cause stands in the list that no words lead to."""
    assert {code for code, _, _ in CASES} == set(CAUSES)


def test_event_of_the_task_tells_what_its_health_check_met() -> None:
    """ECS says it in an event only, of this task or of another behind the same target group."""
    event = (
        f"(service web) (task {'a' * 32}) (port 8080) is unhealthy in (target-group {GROUP}) due to (reason "
    )
    around = Around(
        AROUND.definition,
        AROUND.service,
        AROUND.target_groups,
        (
            event + "Request timed out).",
            event.replace("a" * 32, "b" * 32) + "Health checks failed).",
        ),
    )
    stopped = task("ServiceSchedulerInitiated", f"Task failed ELB health checks in (target-group {GROUP})")
    cause = cause_of(stopped, around)
    assert cause is not None
    assert cause.code == "SC603"


def test_container_that_was_waited_for_is_blamed() -> None:
    """Its logs are what one wants to read."""
    reason = next(reason for code, reason, _ in IN_CONTAINER if code == "SC408")
    cause = cause_of(task("TaskFailedToStart", "Task failed to start", reason=reason), AROUND)
    assert cause is not None
    assert cause.container == "migrate"


def test_codes_pages_and_the_table_are_the_same() -> None:
    """Every cause has a page that begins with its title, and the documentation lists exactly the causes."""
    pages = ROOT / "src/shipway/deploy/planning/causes/pages"
    assert sorted(page.stem for page in pages.iterdir()) == sorted(CAUSES)
    for code, title in CAUSES.items():
        assert (pages / f"{code}.md").read_text().startswith(f"# {code}: {title}\n\n")
    rows = [line for line in (ROOT / "docs/why.md").read_text().splitlines() if line.startswith("| SC")]
    assert [row.rsplit(" | ", 1)[0] for row in rows] == [
        f"| {code} | {title}" for code, title in CAUSES.items()
    ]
    shown = {row.split(" | ")[0].strip("| ") for row in rows if row.endswith("| containers |")}
    assert shown == BROUGHT_ABOUT
