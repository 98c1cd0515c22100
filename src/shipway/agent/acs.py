"""The agent's side of ACS: the link over which the control plane says what to run and what to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import aiohttp
import msgspec

from shipway.agent.intake import Intake
from shipway.agent.session import SILENCE_S_MAX, Connection
from shipway.agent.task_memory import TaskMemory
from shipway.agent.wire import RoleCredentials

logger = logging.getLogger(__name__)

Message = dict[str, Any]
REQUIRED_OF_PAYLOAD = ("messageId", "clusterArn", "containerInstanceArn")


class Acs:
    def __init__(self, intake: Intake, memory: TaskMemory, connected: Callable[[], None]) -> None:
        self._intake = intake
        self._memory = memory
        self._connected = connected
        self._highest = memory.registration.seq_num

    async def serve(self, connection: Connection) -> None:
        """Until the link ends; TimeoutError when the control plane is silent for too long."""
        self._connected()
        while True:
            async with asyncio.timeout(SILENCE_S_MAX):
                frame = await connection.receive()
            if frame.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING):
                return
            if frame.type is aiohttp.WSMsgType.ERROR:
                return
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            for kind, answer in await self._answers(frame.data):
                await connection.send_str(msgspec.json.encode({"type": kind, "message": answer}).decode())

    async def _answers(self, text: str) -> list[tuple[str, Message]]:
        try:
            frame = msgspec.json.decode(text)
            kind, message = str(frame["type"]), dict(frame["message"])
            return await self._heard(kind, message)
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
            logger.warning("a message was dropped: %s", error)
            return []

    async def _heard(self, kind: str, message: Message) -> list[tuple[str, Message]]:
        if kind == "HeartbeatMessage":
            return [("HeartbeatAckRequest", {"messageId": message["messageId"]})]
        if kind == "PayloadMessage":
            return await self._payload(message)
        if kind == "TaskManifestMessage":
            return self._manifest(message)
        if kind == "TaskStopVerificationAck":
            self._intake.stop([str(entry["taskArn"]) for entry in message.get("stopTasks") or ()])
            return []
        if kind == "IAMRoleCredentialsMessage":
            return [_credentials_ack(str(message["messageId"]), self._intake.renew(message))]
        if kind == "AttachTaskNetworkInterfacesMessage":
            return [_ack(message)]  # the task network is always there; the address comes with the payload
        if kind in ("StageUpdateMessage", "PerformUpdateMessage"):
            return [("NackRequest", {**_ack(message)[1], "reason": "Updates are not enabled"})]
        logger.warning("a message of type %s is not understood", kind)
        return []

    async def _payload(self, message: Message) -> list[tuple[str, Message]]:
        missing = [name for name in REQUIRED_OF_PAYLOAD if not message.get(name)]
        if missing:
            raise ValueError(f"a PayloadMessage without {', '.join(missing)}")
        self._highest = max(self._highest, int(message.get("seqNum") or -1))
        received = await self._intake.take(list(message.get("tasks") or ()))
        return [_ack(message), *(_credentials_ack(str(message["messageId"]), each) for each in received)]

    def _manifest(self, message: Message) -> list[tuple[str, Message]]:
        timeline = int(message["timeline"])
        if timeline <= self._highest:
            return []  # an old picture: no answer at all, as Amazon's agent
        self._highest = timeline
        self._memory.register(seq_num=timeline)
        self._intake.report_missing(message)
        candidates = self._intake.stop_candidates(message)
        answers = [_ack(message)]
        if candidates:
            verification = {"messageId": message["messageId"], "stopCandidates": candidates}
            answers.append(("TaskStopVerificationMessage", verification))
        return answers


def _ack(message: Message) -> tuple[str, Message]:
    answer = {
        "cluster": message.get("clusterArn"),
        "containerInstance": message.get("containerInstanceArn"),
        "messageId": message["messageId"],
    }
    return "AckRequest", answer


def _credentials_ack(message_id: str, credentials: RoleCredentials) -> tuple[str, Message]:
    answer = {
        "messageId": message_id,
        "expiration": credentials.expiration,
        "credentialsId": credentials.credentials_id,
    }
    return "IAMRoleCredentialsAckRequest", answer
