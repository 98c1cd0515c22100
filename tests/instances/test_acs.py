"""The ACS link, with a client that plays agent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.exceptions import InvalidStatus

from shipway.instances.settings import LinkSettings
from shipway.model.container_instance import ContainerInstance
from shipway.model.outbox import OutboxMessage
from shipway.model.task import Task
from shipway.store import Store
from tests.instances.agent_client import acs_query, linked
from tests.instances.builders import (
    INSTANCE,
    INTERFACE,
    OTHER_INSTANCE,
    a_container,
    a_message,
    a_task,
    a_task_definition,
    an_instance,
    committed,
    put,
)
from tests.instances.conftest import Door, open_door


def instance_of(store: Store) -> ContainerInstance:
    instance = store.state.get(ContainerInstance, INSTANCE)
    assert instance is not None
    return instance


def task_of(store: Store, number: int = 1) -> Task:
    task = store.state.get(Task, a_task(number).task_arn)
    assert task is not None
    return task


async def test_connecting_and_leaving_is_written(door: Door) -> None:
    """agent_connected follows the link, and the moment of its loss is kept."""
    async with linked(door.port, acs_query(INSTANCE)) as agent:
        await agent.receive("TaskManifestMessage")
        connected = instance_of(door.store)
        assert connected.agent_connected
    await committed(door.store, lambda: not instance_of(door.store).agent_connected)
    assert instance_of(door.store).disconnected_at > 0
    assert instance_of(door.store).version > connected.version


async def test_a_placed_task_is_sent_and_its_ack_makes_it_pending(door: Door) -> None:
    """A commit wakes the link; the acknowledged message is not kept."""
    async with linked(door.port, acs_query(INSTANCE)) as agent:
        await agent.receive("TaskManifestMessage")
        task = a_task(last_status="PROVISIONING", interface=INTERFACE)
        put(door.store, task, a_message(task, seq_num=7))
        payload = await agent.receive("PayloadMessage")
        assert (payload["seqNum"], payload["messageId"]) == (7, "message-7")
        assert (payload["clusterArn"], payload["containerInstanceArn"]) == (task.cluster_arn, INSTANCE)
        assert [(sent["arn"], sent["desiredStatus"]) for sent in payload["tasks"]] == [
            (task.task_arn, "RUNNING")
        ]
        await agent.acknowledge(payload)
        await committed(door.store, lambda: task_of(door.store).last_status == "PENDING")
    assert door.store.state.all(OutboxMessage) == []


async def test_unacknowledged_payloads_are_sent_again_in_order(door: Door) -> None:
    """A new link redelivers what the old one did not hear acknowledged, lowest number first, then the
    manifest.
    """
    first, second = a_task(1), a_task(2)
    put(door.store, first, second, a_message(second, seq_num=12), a_message(first, seq_num=9))
    put(door.store, an_instance(message_seq_num=12))
    async with linked(door.port, acs_query(INSTANCE)) as agent:
        await agent.receive("TaskManifestMessage")
    async with linked(door.port, acs_query(INSTANCE)) as agent:
        frames = await agent.receive_until("TaskManifestMessage")
    assert [kind for kind, _ in frames] == ["PayloadMessage", "PayloadMessage", "TaskManifestMessage"]
    assert [frames[0][1]["seqNum"], frames[1][1]["seqNum"]] == [9, 12]
    assert frames[2][1]["timeline"] > 12


class HeldStore(Store):
    """A store whose disk takes as long as the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.on_disk = asyncio.Event()

    async def durable(self) -> None:
        await self.on_disk.wait()


async def test_nothing_is_sent_before_it_is_on_disk() -> None:
    """An agent must never know of a task that a power loss could make the control plane forget."""
    store = HeldStore()
    put(store, an_instance(), a_task_definition(), a_task(), a_message(a_task()))
    async with (
        open_door(store, LinkSettings(heartbeat_s=0.02, missed_heartbeats_max=1000)) as door,
        linked(door.port, acs_query(INSTANCE)) as agent,
    ):
        frames = [await agent.receive_any() for _ in range(5)]
        assert {kind for kind, _ in frames} == {"HeartbeatMessage"}
        store.on_disk.set()
        await agent.receive("PayloadMessage")
        await agent.receive("TaskManifestMessage")


async def test_manifest_numbers_rise_and_are_kept(door: Door) -> None:
    """An agent drops a manifest whose number is not above everything it has seen."""
    numbers = []
    for _ in range(2):
        async with linked(door.port, acs_query(INSTANCE)) as agent:
            numbers.append((await agent.receive("TaskManifestMessage"))["timeline"])
    assert numbers[0] < numbers[1] == instance_of(door.store).message_seq_num


async def test_manifest_names_what_the_instance_should_have(door: Door) -> None:
    """Draining tasks still run; stopped ones are not named; those of other instances neither."""
    put(
        door.store,
        a_task(1, last_status="RUNNING"),
        a_task(2, last_status="DEACTIVATING", desired_status="STOPPED"),
        a_task(3, last_status="STOPPING", desired_status="STOPPED"),
        a_task(4, last_status="STOPPED", desired_status="STOPPED"),
        a_task(5, last_status="RUNNING", container_instance_arn=OTHER_INSTANCE),
    )
    async with linked(door.port, acs_query(INSTANCE)) as agent:
        manifest = await agent.receive("TaskManifestMessage")
    assert {task["taskArn"][-1]: task["desiredStatus"] for task in manifest["tasks"]} == {
        "1": "RUNNING",
        "2": "RUNNING",
        "3": "STOPPED",
    }


async def test_stop_candidates_are_looked_up_again(door: Door) -> None:
    """Only what should not run is confirmed: a task that was placed after the manifest lives."""
    async with linked(door.port, acs_query(INSTANCE)) as agent:
        manifest = await agent.receive("TaskManifestMessage")
        placed_since, unknown = a_task(1), a_task(2)
        moved = a_task(3, container_instance_arn=OTHER_INSTANCE)
        stopping = a_task(4, desired_status="STOPPED", last_status="STOPPING")
        put(door.store, placed_since, moved, stopping)
        candidates = [
            {"taskArn": task.task_arn, "taskClusterArn": task.cluster_arn, "desiredStatus": "STOPPED"}
            for task in (placed_since, unknown, moved, stopping)
        ]
        message = {"messageId": manifest["messageId"], "stopCandidates": candidates}
        await agent.send("TaskStopVerificationMessage", message)
        answer = await agent.receive("TaskStopVerificationAck")
    assert answer["messageId"] == manifest["messageId"]
    confirmed = [task["taskArn"] for task in answer["stopTasks"]]
    assert confirmed == [unknown.task_arn, moved.task_arn, stopping.task_arn]


async def test_a_stop_is_two_members(door: Door) -> None:
    """To stop a task its ARN is enough."""
    task = a_task(desired_status="STOPPED", last_status="STOPPING")
    put(door.store, task, a_message(task, desired_status="STOPPED"))
    async with linked(door.port, acs_query(INSTANCE)) as agent:
        payload = await agent.receive("PayloadMessage")
    assert payload["tasks"] == [{"arn": task.task_arn, "desiredStatus": "STOPPED"}]


async def test_a_task_stopped_before_its_first_payload_is_never_started(door: Door) -> None:
    """What is sent is the truth of the moment, not of when the message was written."""
    stopped_early = a_task(1, desired_status="STOPPED", last_status="STOPPING")
    gone = a_task(2, desired_status="STOPPED", last_status="STOPPED")
    put(door.store, stopped_early, gone, a_message(stopped_early, 1), a_message(gone, 2))
    async with linked(door.port, acs_query(INSTANCE)) as agent:
        frames = await agent.receive_until("TaskManifestMessage")
    payloads = [message["tasks"][0] for kind, message in frames if kind == "PayloadMessage"]
    assert payloads == [{"arn": stopped_early.task_arn, "desiredStatus": "STOPPED"}]
    assert [message.seq_num for message in door.store.state.all(OutboxMessage)] == [1]


async def test_an_ack_for_another_instance_changes_nothing(door: Door) -> None:
    """An agent speaks for its own instance only. Frames are read in order: its own ack comes after."""
    other = a_task(1, container_instance_arn=OTHER_INSTANCE, last_status="PROVISIONING")
    own = a_task(2, last_status="PROVISIONING")
    put(door.store, other, own, a_message(other, 1), a_message(own, 2))
    async with linked(door.port, acs_query(INSTANCE)) as agent:
        payload = await agent.receive("PayloadMessage")
        await agent.send("AckRequest", {"messageId": "message-1"})
        await agent.acknowledge(payload)
        await committed(door.store, lambda: task_of(door.store, 2).last_status == "PENDING")
    assert [message.seq_num for message in door.store.state.all(OutboxMessage)] == [1]
    assert task_of(door.store, 1).last_status == "PROVISIONING"


async def test_a_task_without_its_definition_stops_and_says_why(door: Door) -> None:
    """What cannot be compiled does not wait for ever."""
    task = a_task(task_definition_arn="arn:aws:ecs:us-east-1:000000000000:task-definition/gone:1")
    put(door.store, task, a_message(task))
    async with linked(door.port, acs_query(INSTANCE)) as agent:
        await agent.receive("TaskManifestMessage")
    stopped = task_of(door.store)
    assert (stopped.last_status, stopped.stop_code) == ("STOPPED", "TaskFailedToStart")
    assert [container.last_status for container in stopped.containers] == ["STOPPED"]
    assert "gone:1 is gone" in (stopped.stopped_reason or "")


async def test_a_refused_member_stops_the_task_and_is_named(door: Door) -> None:
    """A definition with a member that is not applied never reaches the agent; the reason names it."""
    file = {"value": "arn:aws:s3:::bucket/variables.env", "type": "s3"}
    put(door.store, a_task_definition(a_container(environmentFiles=[file])))
    async with linked(door.port, acs_query(INSTANCE)):
        put(door.store, a_task(), a_message(a_task(), seq_num=1))
        await committed(door.store, lambda: task_of(door.store).stopped)
    task = task_of(door.store)
    assert task.stop_code == "TaskFailedToStart"
    assert task.stopped_reason is not None
    assert task.stopped_reason.startswith("Container web: environmentFiles is not supported by local ECS yet")


async def test_unanswered_heartbeats_close_the_link(store: Store) -> None:
    """A silent agent is not connected."""
    async with open_door(store, LinkSettings(heartbeat_s=0.02)) as door:
        async with linked(door.port, acs_query(INSTANCE)) as agent:
            assert await agent.closed() == 1000
        assert not instance_of(store).agent_connected


async def test_answered_heartbeats_keep_the_link(store: Store) -> None:
    """As long as it answers, an agent stays connected, however many heartbeats that takes."""
    async with (
        open_door(store, LinkSettings(heartbeat_s=0.05)) as door,
        linked(door.port, acs_query(INSTANCE)) as agent,
    ):
        for _ in range(6):
            heartbeat = await agent.receive("HeartbeatMessage")
            await agent.send("HeartbeatAckRequest", {"messageId": heartbeat["messageId"]})
        assert instance_of(store).agent_connected


async def test_old_agents_are_not_asked_to_answer(store: Store) -> None:
    """Before protocol version 2 the server may not close for missing answers."""
    async with (
        open_door(store, LinkSettings(heartbeat_s=0.02)) as door,
        linked(door.port, acs_query(INSTANCE, protocolVersion="1")) as agent,
    ):
        for _ in range(6):
            assert (await agent.receive("HeartbeatMessage"))["healthy"] is True


async def test_a_second_link_takes_the_first_ones_place(door: Door) -> None:
    """An agent that was killed and is back at once is connected, although its old link ends later."""
    async with linked(door.port, acs_query(INSTANCE)) as first:
        await first.receive("TaskManifestMessage")
        async with linked(door.port, acs_query(INSTANCE)) as second:
            await second.receive("TaskManifestMessage")
            assert await first.closed() == 1000
            put(door.store, a_task(), a_message(a_task()))
            await second.receive("PayloadMessage")
            assert instance_of(door.store).agent_connected


async def test_frames_that_cannot_be_read_are_skipped(door: Door) -> None:
    """Nonsense, unknown types and wrong member types do not end a link; binary frames are read."""
    task = a_task()
    put(door.store, task, a_message(task))
    async with linked(door.port, acs_query(INSTANCE)) as agent:
        payload = await agent.receive("PayloadMessage")
        for text in ("{", "[]", '{"type":"Surprise"}', '{"type":"AckRequest","message":{"messageId":7}}'):
            await agent.send_text(text)
        ack = {"type": "AckRequest", "message": {"messageId": payload["messageId"], "news": 1}}
        await agent.send_text(msgspec.json.encode(ack))
        await committed(door.store, lambda: not door.store.state.all(OutboxMessage))


async def test_a_frame_too_long_ends_the_link(store: Store) -> None:
    """Input is bounded."""
    async with (
        open_door(store, LinkSettings(frame_bytes_max=100)) as door,
        linked(door.port, acs_query(INSTANCE)) as agent,
    ):
        await agent.send("AckRequest", {"messageId": "x" * 100})
        assert await agent.closed() == 1009


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"containerInstanceArn": OTHER_INSTANCE}, 400, "InactiveInstanceException"),
        ({"containerInstanceArn": "unheard-of"}, 400, "InvalidInstanceException"),
        ({"containerInstanceArn": INSTANCE, "clusterArn": "other"}, 400, "InvalidClusterException"),
        ({}, 400, "InvalidInstanceException"),
    ],
)
async def test_a_refused_upgrade_is_an_http_error(
    door: Door, query: dict[str, str], status: int, code: str
) -> None:
    """The connection-time form of an error: HTTP, one key, a sentence."""
    put(door.store, an_instance(OTHER_INSTANCE, status="INACTIVE"))
    with pytest.raises(InvalidStatus) as refused:
        async with linked(door.port, query):
            pass
    response = refused.value.response
    body: dict[str, Any] = msgspec.json.decode(response.body or b"{}")
    assert (response.status_code, list(body)) == (status, [code])


async def test_a_wrong_signature_is_refused(door: Door) -> None:
    """Who does not know the secret gets no link, and the state does not change."""
    with pytest.raises(InvalidStatus) as refused:
        async with linked(door.port, acs_query(INSTANCE), secret_access_key="wrong"):
            pass
    assert refused.value.response.status_code == 403
    assert not instance_of(door.store).agent_connected


async def test_deregistration_ends_the_link_after_its_last_messages(door: Door) -> None:
    """What was still to be told is told first."""
    task = a_task(desired_status="STOPPED", last_status="STOPPING")
    async with linked(door.port, acs_query(INSTANCE)) as agent:
        await agent.receive("TaskManifestMessage")
        inactive = msgspec.structs.replace(instance_of(door.store), status="INACTIVE")
        put(door.store, inactive, task, a_message(task, desired_status="STOPPED"))
        assert (await agent.receive("PayloadMessage"))["tasks"][0]["desiredStatus"] == "STOPPED"
        assert await agent.closed() == 1000


async def test_shutting_down_closes_links_as_going_away(store: Store) -> None:
    """Agents reconnect at once to whoever comes next; the state does not claim that they are connected."""
    async with open_door(store) as door, linked(door.port, acs_query(INSTANCE)) as agent:
        await agent.receive("TaskManifestMessage")
        await door.instances.stop()
        assert await agent.closed() == 1001
        assert not instance_of(store).agent_connected


async def test_a_restart_resumes_from_the_record(tmp_path: Path) -> None:
    """After a crash the outbox, the numbers and the truth about links come from the disk alone."""
    path = tmp_path / "state.db"
    store = Store.open(path)
    task = a_task()
    put(store, an_instance(), a_task_definition(), task, a_message(task, seq_num=1))
    put(store, an_instance(agent_connected=True, message_seq_num=1))
    async with open_door(store) as door, linked(door.port, acs_query(INSTANCE)) as agent:
        await agent.receive("PayloadMessage")
        before = (await agent.receive("TaskManifestMessage"))["timeline"]
        crashed = Store.open(None)  # the record as it is at this moment, not as an orderly end leaves it
        (tmp_path / "copy.db").write_bytes(path.read_bytes())
        (tmp_path / "copy.db-wal").write_bytes((tmp_path / "state.db-wal").read_bytes())
        crashed = Store.open(tmp_path / "copy.db")
    store.close()
    assert instance_of(crashed).agent_connected
    async with open_door(crashed) as door:
        assert not instance_of(crashed).agent_connected
        async with linked(door.port, acs_query(INSTANCE)) as agent:
            again = await agent.receive("PayloadMessage")
            assert (again["seqNum"], again["tasks"][0]["arn"]) == (1, task.task_arn)
            assert (await agent.receive("TaskManifestMessage"))["timeline"] > before
    crashed.close()
