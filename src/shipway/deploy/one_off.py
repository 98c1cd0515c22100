"""One-off tasks: run and start them, stream their logs, end with the container's own exit code; stop them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import AwsRefusal, DeployError
from shipway.deploy.follow import resilient
from shipway.deploy.gather import gather_task
from shipway.deploy.lookup import instance_named, task_named
from shipway.deploy.planning.causes import task_id
from shipway.deploy.planning.fit import closest, needs_of, sentence
from shipway.deploy.planning.log_places import LogPlace, log_places
from shipway.deploy.planning.post_mortem import explain, render
from shipway.deploy.planning.references import shorter
from shipway.deploy.planning.task_request import (
    OUR_FAILURE,
    TaskWish,
    chosen_container,
    exit_code,
    failure_sentence,
    placement,
    stopped_before_running,
    task_request,
)
from shipway.deploy.task_logs import LogFollower
from shipway.deploy.tools import Tools

Members = dict[str, Any]
Emit = Callable[[LogPlace, Members], None]

LOOK_EVERY_S = 1.0
LOOK_EVERY_LOCAL_S = 0.25
# Logs reach CloudWatch after the task has stopped: so many more looks before we call it silent.
LAST_LOOKS = 3


@dataclass(frozen=True)
class RunOutcome:
    """Finished tasks; `exit_code` is the container's own, or 125 when it never ran."""

    tasks: tuple[Members, ...]
    container: str
    exit_code: int
    explanation: str = ""

    def as_document(self) -> dict[str, Any]:
        """For `-o json`."""
        return {
            "exitCode": self.exit_code,
            "container": self.container,
            "explanation": self.explanation,
            "tasks": [task_document(task) for task in self.tasks],
        }


def task_document(task: Members) -> Members:
    """The members of a task that a next step may want, under ECS's own names."""
    kept = ("taskArn", "containerInstanceArn", "lastStatus", "stopCode", "stoppedReason")
    containers = [
        {key: found.get(key) for key in ("name", "exitCode", "reason")}
        for found in task.get("containers") or ()
    ]
    return {key: task.get(key) for key in kept} | {"containers": containers}


class OneOff:
    """Runs tasks of one task definition."""

    def __init__(self, aws: Aws, tools: Tools, emit: Emit) -> None:
        self.aws = aws
        self.progress = tools.progress
        self.pace = tools.pace
        self.interruption = tools.interruption
        self._write = emit

    def emit(self, place: LogPlace, event: Members) -> None:
        """A line that scrolls by must not meet the one that is redrawn."""
        self.progress.close()
        self._write(place, event)

    def run(self, wish: TaskWish, definition: Members, service: Members) -> list[Members]:
        """Let ECS place the tasks."""
        request = task_request(wish, definition, service) | placement(wish, service)
        request |= self._local_network(definition, request)
        answer = self._sent(self.aws.ecs.run_task, request)
        return self._placed(answer, definition)

    def start(
        self, wish: TaskWish, definition: Members, service: Members, instances: tuple[str, ...]
    ) -> list[Members]:
        """Start one task on each of these container instances."""
        request = task_request(wish, definition, service)
        request |= self._local_network(definition, request)
        request["containerInstances"] = [instance_named(self.aws, name) for name in instances]
        return self._placed(self._sent(self.aws.ecs.start_task, request), definition)

    def follow(self, tasks: list[Members], wish: TaskWish, definition: Members) -> RunOutcome:
        """Until every task has stopped; Ctrl-C stops them."""
        container = chosen_container(wish.container, definition)
        follower = LogFollower(self.aws, self.emit)
        for task in tasks:
            for place in log_places(definition, task_id(task), local=self.aws.local):
                follower.add(place)
        try:
            finished = self._watch(tasks, follower)
        except KeyboardInterrupt:
            self.progress.close()
            for task in tasks:
                resilient(None, self.aws.ecs.stop_task, str(task["taskArn"]), "Stopped by Ctrl-C in shipway")
            raise DeployError("Interrupted: the task was told to stop.", exit_code=130) from None
        self.progress.close()
        return self._concluded(finished, container)

    def _watch(self, started: list[Members], follower: LogFollower) -> list[Members]:
        statuses = {str(task["taskArn"]): str(task.get("lastStatus")) for task in started}
        arns = list(statuses)
        every_s = LOOK_EVERY_LOCAL_S if self.aws.local else LOOK_EVERY_S
        lines = 0
        while True:
            tasks = self.aws.ecs.tasks(arns)
            for task in tasks:
                if statuses.get(task["taskArn"]) != task["lastStatus"]:
                    statuses[task["taskArn"]] = task["lastStatus"]
                    self.progress.say(f"task {shorter(task['taskArn'])} is {task['lastStatus']}")
            lines += resilient(0, follower.look)
            if len(tasks) < len(arns):
                raise DeployError("ECS no longer knows the task that was started.", exit_code=OUR_FAILURE)
            if all(task["lastStatus"] == "STOPPED" for task in tasks):
                break
            self.progress.now(
                ", ".join(f"{shorter(arn)} {status}" for arn, status in sorted(statuses.items()))
            )
            with self.interruption.opened():
                self.pace.pause(every_s)
        ran = any(task.get("startedAt") for task in tasks)
        for _ in range(LAST_LOOKS if ran else 0):
            more = resilient(0, follower.look)
            lines += more
            if lines and not more:
                break
            with self.interruption.opened():
                self.pace.pause(every_s)
        return tasks

    def _concluded(self, tasks: list[Members], container: str) -> RunOutcome:
        code = exit_code(tasks, container)
        if code is not None:
            return RunOutcome(tuple(tasks), container, code)
        failed = next((task for task in tasks if stopped_before_running(task)), tasks[0])
        explanation = render(explain(gather_task(self.aws, failed)))
        return RunOutcome(tuple(tasks), container, OUR_FAILURE, explanation)

    def _sent(self, send: Callable[[Members], Members], request: Members) -> Members:
        try:
            return send(request)
        except AwsRefusal as refusal:
            raise DeployError(refusal.sentence, exit_code=OUR_FAILURE) from None

    def _placed(self, answer: Members, definition: Members) -> list[Members]:
        tasks = list(answer.get("tasks") or ())
        failures = list(answer.get("failures") or ())
        if not tasks:
            said = failure_sentence(failures, f"The task {definition.get('family')}")
            if any(str(failure.get("reason", "")).startswith("RESOURCE:") for failure in failures):
                said += self._gap(definition)
            raise DeployError(said, exit_code=OUR_FAILURE)
        if failures:
            self.progress.say(failure_sentence(failures, f"{len(failures)} of the tasks"))
        for task in tasks:
            self.progress.say(f"task {task_id(task)} is {task.get('lastStatus', 'PROVISIONING')}")
        return tasks

    def _gap(self, definition: Members) -> str:
        instances = resilient([], self.aws.ecs.container_instances)
        gap = closest(needs_of(definition), instances)
        return f" {sentence(gap, len(instances))}" if gap is not None and not gap.fits else ""

    def _local_network(self, definition: Members, request: Members) -> Members:
        if (
            self.aws.local
            and definition.get("networkMode") == "awsvpc"
            and "networkConfiguration" not in request
        ):
            return {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-local"]}}}
        return {}


def stop(aws: Aws, task: str, reason: str) -> Members:
    """Ask ECS to stop a task."""
    try:
        return aws.ecs.stop_task(task_named(aws, task), reason)
    except AwsRefusal as refusal:
        if refusal.code == "InvalidParameterException" and "not found" in refusal.sentence:
            raise DeployError(f"There is no task {task} in the cluster {aws.ecs.cluster}.") from None
        raise
