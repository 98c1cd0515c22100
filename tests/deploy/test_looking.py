"""History, events and tasks as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shipway.deploy.looking import history, stream_events, tasks
from shipway.deploy.planning.moments import took

from .fake_aws import refuse
from .fakes import World
from .hello import deployed


def at(minute: int, second: int = 0) -> datetime:
    return datetime(2026, 11, 26, 12, minute, second, tzinfo=UTC)


def test_history_says_what_who_and_when() -> None:
    """Newest first; the reason of what failed; images by their tags; who registered the definition."""
    world = World()
    deployed(world)
    deployed(world, tag="2")
    first, second = world.ecs.service_deployments
    first |= {"createdAt": at(0), "startedAt": at(0, 5), "finishedAt": at(1)}
    second |= {
        "createdAt": at(30),
        "finishedAt": at(33, 7),
        "status": "ROLLBACK_SUCCESSFUL",
        "statusReason": "It was no good.",
    }
    for number, definition in enumerate(world.ecs.revisions.values(), start=1):
        definition |= {"registeredBy": "arn:aws:iam::000000000000:user/ada"}
        definition["containerDefinitions"][0]["image"] = f"hello:{number}"
    found = history(world.aws, "hello", 10)
    assert found.text() == (
        "2026-11-26 12:30 UTC  hello:2  ROLLBACK_SUCCESSFUL in 3 min 7 s\n"
        "    It was no good.\n"
        "    web hello:2\n"
        "    hello:2 registered by arn:aws:iam::000000000000:user/ada\n"
        "    service revision 2\n"
        "2026-11-26 12:00 UTC  hello:1  SUCCESSFUL in 55 s\n"
        "    web hello:1\n"
        "    hello:1 registered by arn:aws:iam::000000000000:user/ada\n"
        "    service revision 1"
    )
    assert [entry["images"] for entry in found.as_document()] == [{"web": "hello:2"}, {"web": "hello:1"}]
    assert len(history(world.aws, "hello", 1).entries) == 1


def test_history_goes_without_what_may_not_be_read() -> None:
    """Permissions to see task definitions are often narrower."""
    world = World()
    deployed(world)
    world.ecs.answers["DescribeTaskDefinition"] = refuse("AccessDeniedException")
    assert "hello:1  SUCCESSFUL" in history(world.aws, "hello", 10).text()


def test_a_deployment_under_way_has_no_duration() -> None:
    """Nor has one that never began."""
    assert took(at(0), None) == took(None, at(1)) == ""
    assert took(at(0), at(1, 59)) == "119 s"


def test_events_come_once_and_oldest_first() -> None:
    """Followed until the service is gone; what is older than asked for is left out."""
    world = World()
    deployed(world)
    service = world.ecs.services["hello"]
    service["events"] = [event(2), event(1), event(0)]
    told: list[str] = []

    def emit(one: dict[str, Any]) -> None:
        told.append(one["message"])

    stream_events(world.aws, "hello", None, world.tools, emit, follow=False)
    assert told == ["event 0", "event 1", "event 2"]
    told.clear()

    def pause() -> None:
        if len(service["events"]) == 3:
            service["events"] = [event(3), *service["events"]]
        else:
            del world.ecs.services["hello"]

    world.pace.on_pause = pause
    since_ms = int(at(1).timestamp() * 1000)
    stream_events(world.aws, "hello", since_ms, world.tools, emit, follow=True)
    assert told == ["event 1", "event 2", "event 3"]
    assert world.progress.lines[-1] == "the service hello is gone"


def event(number: int) -> dict[str, Any]:
    return {"id": f"e{number}", "createdAt": at(number), "message": f"event {number}"}


def test_tasks_are_shown_with_their_containers() -> None:
    """Living ones by id; stopped ones when asked for, the last first."""
    world = World()
    deployed(world)
    world.ecs.tasks = [
        {
            "taskArn": "arn:aws:ecs:r:a:task/hello/aaa",
            "taskDefinitionArn": "arn:aws:ecs:r:a:task-definition/hello:1",
            "desiredStatus": "RUNNING",
            "lastStatus": "RUNNING",
            "launchType": "FARGATE",
            "containers": [
                {
                    "name": "web",
                    "lastStatus": "RUNNING",
                    "healthStatus": "HEALTHY",
                    "networkBindings": [{"bindIP": "0.0.0.0", "hostPort": 32768, "containerPort": 80}],
                }
            ],
        },
        {
            "taskArn": "arn:aws:ecs:r:a:task/hello/bbb",
            "desiredStatus": "STOPPED",
            "lastStatus": "STOPPED",
            "stoppedReason": "Essential container in task exited",
            "containers": [{"name": "web", "lastStatus": "STOPPED", "exitCode": 1}],
        },
    ]
    living = "aaa RUNNING hello:1 on FARGATE\n  web RUNNING, HEALTHY, 0.0.0.0:32768 -> 80"
    assert tasks(world.aws, "hello", stopped=False).text() == living
    assert tasks(world.aws, None, stopped=True).text() == (
        f"{living}\nbbb STOPPED Essential container in task exited\n  web STOPPED, exit code 1"
    )
