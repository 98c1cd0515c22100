"""One-off tasks: requests, logs, exit codes."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.one_off import OneOff, stop
from shipway.deploy.planning.console import task_page
from shipway.deploy.planning.log_places import LogPlace, log_places, unreadable
from shipway.deploy.planning.task_request import TaskWish, failure_sentence, task_request

from .fake_aws import refuse
from .fakes import World

DEFINITION: dict[str, Any] = {
    "taskDefinitionArn": "arn:aws:ecs:r:a:task-definition/hello:1",
    "family": "hello",
    "containerDefinitions": [{"name": "side", "essential": False}, {"name": "web"}],
}
TASK = {
    "taskArn": "arn:aws:ecs:r:a:task/hello/feedbeef00",
    "taskDefinitionArn": DEFINITION["taskDefinitionArn"],
    "lastStatus": "PENDING",
    "desiredStatus": "RUNNING",
}


class Running:
    """A world in which one task runs to its end, and what its logs said."""

    def __init__(self, *statuses: dict[str, Any]) -> None:
        self.world = World()
        self.said: list[tuple[str, str]] = []
        steps = iter(statuses)
        last = statuses[-1]
        self.world.ecs.answers["RunTask"] = lambda members: {"tasks": [TASK], "failures": []}
        self.world.ecs.answers["DescribeTasks"] = lambda members: {"tasks": [{**TASK, **next(steps, last)}]}
        self.world.ecs.revisions[DEFINITION["taskDefinitionArn"]] = DEFINITION
        self.one_off = OneOff(self.world.aws, self.world.tools, self.emit)

    def emit(self, place: LogPlace, event: dict[str, Any]) -> None:
        self.said.append((place.container, event["message"]))

    def run(self, wish: TaskWish) -> Any:
        tasks = self.one_off.run(wish, DEFINITION, {})
        return self.one_off.follow(tasks, wish, DEFINITION)


def stopped(code: int | None) -> dict[str, Any]:
    return {
        "lastStatus": "STOPPED",
        "startedAt": 1,
        "containers": [{"name": "side", "exitCode": 9}, {"name": "web", "exitCode": code}],
    }


def test_exit_code_is_the_containers_own() -> None:
    """That of the essential container, not of a sidecar."""
    outcome = Running({"lastStatus": "RUNNING"}, stopped(3)).run(TaskWish())
    assert (outcome.exit_code, outcome.container) == (3, "web")


def test_named_container_counts() -> None:
    """--container chooses whose code it is."""
    assert Running(stopped(0)).run(TaskWish(container="side")).exit_code == 9


def test_task_that_never_ran_is_our_failure() -> None:
    """125, with the cause."""
    failed = {
        "lastStatus": "STOPPED",
        "stopCode": "TaskFailedToStart",
        "stoppedReason": "Task failed to start",
        "containers": [{"name": "web", "reason": "CannotPullContainerError: nowhere"}],
    }
    outcome = Running(failed).run(TaskWish())
    assert outcome.exit_code == 125
    assert "cannot be pulled" in outcome.explanation


def test_log_lines_are_streamed_once() -> None:
    """Each line as it comes, from every container that logs, to the last."""
    running = Running({"lastStatus": "RUNNING"}, stopped(0))
    pages = {None: (["one"], "t1"), "t1": ([], "t1")}

    def events(members: dict[str, Any]) -> dict[str, Any]:
        if not members["logStreamName"].startswith("web/"):
            return {"events": []}
        messages, token = pages[members.get("nextToken")]
        if members.get("nextToken") == "t1" and not pages.get("late"):
            pages["late"] = ([], "")
            messages, token = ["two"], "t2"
            pages["t2"] = ([], "t2")
        return {"events": [{"message": text} for text in messages], "nextForwardToken": token}

    running.world.logs.answers["GetLogEvents"] = events
    running.run(TaskWish())
    assert running.said == [("web", "one"), ("web", "two")]


def test_overrides_go_to_the_chosen_container() -> None:
    """Command and environment, and how many."""
    running = Running(stopped(0))
    running.run(TaskWish(command=("sh", "-c", "true"), environment={"B": "2", "A": "1"}, count=2))
    [request] = running.world.ecs.requests("RunTask")
    assert request["overrides"]["containerOverrides"] == [
        {
            "name": "web",
            "command": ["sh", "-c", "true"],
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        }
    ]
    assert (request["count"], request["cluster"]) == (2, "hello")


def request_of(definition: dict[str, Any], **wish: Any) -> Any:
    return task_request(TaskWish(**wish), {**DEFINITION, **definition}, {}).get("overrides")


def test_a_size_is_the_tasks_where_its_definition_has_one() -> None:
    """And the chosen container's otherwise; in ECS's numbers, whatever unit it was given in."""
    assert request_of({"cpu": "256", "memory": "512"}, cpu="0.5 vCPU", memory="1GB") == {
        "cpu": "512",
        "memory": "1024",
    }
    assert request_of({}, cpu="64", memory="128") == {
        "containerOverrides": [{"name": "web", "cpu": 64, "memory": 128}]
    }


def test_roles_are_overridden_for_the_task() -> None:
    """What its containers may do, and what ECS may do to start it."""
    assert request_of({}, task_role="arn:a", execution_role="arn:b") == {
        "taskRoleArn": "arn:a",
        "executionRoleArn": "arn:b",
    }
    assert request_of({}) is None


@pytest.mark.parametrize(("wish", "what"), [("cpu", "much"), ("cpu", "0.5"), ("memory", "1vCPU")])
def test_what_is_no_size_is_refused(wish: str, what: str) -> None:
    """With the units that there are."""
    with pytest.raises(UsageError, match=f"'{what}' is no {wish}; write it in "):
        request_of({}, **{wish: what})


@pytest.mark.parametrize(
    ("arn", "page"),
    [
        (
            "arn:aws:ecs:eu-west-1:1:task/shop/abc",
            "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/shop/tasks/abc?region=eu-west-1",
        ),
        (
            "arn:aws-cn:ecs:cn-north-1:1:task/shop/abc",
            "https://cn-north-1.console.amazonaws.cn/ecs/v2/clusters/shop/tasks/abc?region=cn-north-1",
        ),
        ("arn:aws-elsewhere:ecs:r:1:task/shop/abc", None),
    ],
)
def test_a_task_has_a_page_in_the_console(arn: str, page: str | None) -> None:
    """Each partition has its own; where none is known, none is made up."""
    assert task_page(arn) == page


def test_unknown_container_is_named_with_those_there_are() -> None:
    """Before anything runs."""
    running = Running(stopped(0))
    with pytest.raises(DeployError) as raised:
        running.run(TaskWish(container="wbe", command=("true",)))
    assert raised.value.sentence == ("There is no container 'wbe' in hello. Did you mean 'web'?")
    assert running.world.ecs.operations() == []


def test_interrupted_run_stops_its_task() -> None:
    """Ctrl-C leaves nothing running; 130 as shells say it."""
    running = Running({"lastStatus": "RUNNING"})
    running.world.ecs.answers["StopTask"] = lambda members: {"task": TASK}

    def press() -> None:
        raise KeyboardInterrupt

    running.world.pace.on_pause = press
    with pytest.raises(DeployError) as raised:
        running.run(TaskWish())
    assert raised.value.exit_code == 130
    assert running.world.ecs.requests("StopTask")[0]["task"] == TASK["taskArn"]


def test_refused_placement_says_which_resource() -> None:
    """Exit code 125; nearest miss first."""
    running = Running(stopped(0))
    failures = [{"arn": "arn:aws:ecs:r:a:container-instance/hello/abcdef1234", "reason": "RESOURCE:MEMORY"}]
    running.world.ecs.answers["RunTask"] = lambda members: {"tasks": [], "failures": failures}
    with pytest.raises(DeployError) as raised:
        running.run(TaskWish())
    assert raised.value.exit_code == 125
    assert "there is not enough memory left (on abcdef12)" in raised.value.sentence


def test_instances_may_be_named_by_their_ec2_id() -> None:
    """StartTask itself takes only ids and ARNs."""
    running = Running(stopped(0))
    running.world.ecs.instances = [{"containerInstanceArn": "arn:ci/1", "ec2InstanceId": "i-1"}]
    running.world.ecs.answers["StartTask"] = lambda members: {"tasks": [TASK], "failures": []}
    whole = "abcdef12" * 4
    running.one_off.start(TaskWish(), DEFINITION, {}, ("i-1", whole))
    assert running.world.ecs.requests("StartTask")[0]["containerInstances"] == ["arn:ci/1", whole]
    with pytest.raises(DeployError, match=r"No container instance of hello is named 'i-9'\. There are: i-1"):
        running.one_off.start(TaskWish(), DEFINITION, {}, ("i-9",))


def test_unknown_task_cannot_be_stopped() -> None:
    """One sentence."""
    world = World()
    world.ecs.answers["StopTask"] = refuse("InvalidParameterException", "The referenced task was not found.")
    with pytest.raises(DeployError, match="There is no task 'abc' in the cluster hello"):
        stop(world.aws, "abc", "because")
    whole = "abcdef12" * 4
    with pytest.raises(DeployError, match=f"There is no task {whole} in the cluster hello"):
        stop(world.aws, whole, "because")


def test_tasks_may_be_named_by_the_beginning_of_their_id() -> None:
    """As the post-mortem and the progress lines shorten them; what fits two is refused."""
    world = World()
    world.ecs.answers["StopTask"] = lambda members: {"task": {"taskArn": members["task"]}}
    prefix = "arn:aws:ecs:r:a:task/hello/"
    world.ecs.tasks = [
        {"taskArn": prefix + name, "desiredStatus": status}
        for name, status in (("feedbeef00", "RUNNING"), ("feed000000", "STOPPED"))
    ]
    assert stop(world.aws, "feedb", "because")["taskArn"] == prefix + "feedbeef00"
    assert stop(world.aws, "feed0", "because")["taskArn"] == prefix + "feed000000"
    with pytest.raises(DeployError, match="2 tasks in hello begin with 'feed'"):
        stop(world.aws, "feed", "because")


def test_failure_without_a_reason_is_said_so() -> None:
    """ECS may answer with nothing at all."""
    assert failure_sentence([], "The task x") == "The task x started no task, and ECS gave no reason."


def test_logs_are_found_where_the_definition_puts_them() -> None:
    """awslogs by its options; local ECS keeps what no driver takes; other drivers cannot be read."""
    awslogs = {
        "logDriver": "awslogs",
        "options": {"awslogs-group": "/g", "awslogs-region": "r", "awslogs-stream-prefix": "p"},
    }
    definition = {
        "family": "hello",
        "containerDefinitions": [
            {"name": "a", "logConfiguration": awslogs},
            {"name": "b"},
            {"name": "c", "logConfiguration": {"logDriver": "syslog"}},
        ],
    }
    assert log_places(definition, "t", local=True) == (
        LogPlace("a", "/g", "p/a/t"),
        LogPlace("b", "/ecs/hello", "b/b/t"),
    )
    assert unreadable(definition, local=False) == ("b", "c")
