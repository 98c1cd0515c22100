"""Role credentials: their ids, and how they reach a task."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from shipway.instances.credentials import TaskRole, credentials_id
from shipway.instances.settings import LinkSettings
from shipway.model.task import Task
from shipway.store import Store
from tests.instances.agent_client import acs_query, linked
from tests.instances.builders import INSTANCE, a_message, a_task, a_task_definition, put
from tests.instances.conftest import open_door


def test_an_id_is_stable_and_not_to_be_guessed() -> None:
    """The same task and role keep their id; without the installation's secret nobody can tell it."""
    first = credentials_id(b"secret", "arn:task/1", "TaskApplication")
    assert first == credentials_id(b"secret", "arn:task/1", "TaskApplication") == str(UUID(first))
    others = [
        credentials_id(b"other", "arn:task/1", "TaskApplication"),
        credentials_id(b"secret", "arn:task/2", "TaskApplication"),
        credentials_id(b"secret", "arn:task/1", "TaskExecution"),
    ]
    assert len({first, *others}) == 4


def keys(task: Task, role: TaskRole) -> dict[str, Any]:
    return {
        "credentialsId": f"{role.role_type}-{task.task_id[-1]}",
        "roleArn": role.role_arn,
        "accessKeyId": "A",
        "secretAccessKey": "S",
        "sessionToken": "T",
        "expiration": "2030-01-01T00:00:00Z",
    }


async def test_role_credentials_come_with_the_payload_and_again_on_request(store: Store) -> None:
    """The payload has them, and a fresh agent process (sendCredentials) gets them for the tasks it runs."""
    definition = a_task_definition(taskRoleArn="reader", executionRoleArn="arn:aws:iam::1:role/pull")
    running, placed = a_task(2, last_status="RUNNING"), a_task(1)
    put(store, definition, running, placed, a_message(placed))
    async with (
        open_door(store, credentials_for=keys) as door,
        linked(door.port, acs_query(INSTANCE)) as agent,
    ):
        frames = await agent.receive_until("TaskManifestMessage")
        sent = next(message["tasks"][0] for kind, message in frames if kind == "PayloadMessage")
        assert sent["roleCredentials"]["roleArn"] == "arn:aws:iam::000000000000:role/reader"
        assert sent["executionRoleCredentials"]["credentialsId"] == "TaskExecution-1"
        pushed = [message for kind, message in frames if kind == "IAMRoleCredentialsMessage"]
        while len(pushed) < 2:
            pushed.append(await agent.receive("IAMRoleCredentialsMessage"))
    assert {(message["taskArn"], message["roleType"]) for message in pushed} == {
        (running.task_arn, "TaskApplication"),
        (running.task_arn, "TaskExecution"),
    }


async def test_role_credentials_are_refreshed(store: Store) -> None:
    """Keys are pushed again period after period, with the id that the container knows."""
    put(store, a_task_definition(taskRoleArn="reader"), a_task(last_status="RUNNING"))
    link = LinkSettings(credentials_period_s=0.02)
    async with (
        open_door(store, link, keys) as door,
        linked(door.port, acs_query(INSTANCE, sendCredentials="false")) as agent,
    ):
        first = await agent.receive("IAMRoleCredentialsMessage")
        second = await agent.receive("IAMRoleCredentialsMessage")
    assert first["messageId"] != second["messageId"]
    assert first["roleCredentials"] == second["roleCredentials"]
