"""A client that plays agent: signs the upgrade as Amazon's agent does and speaks frames."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
DEADLINE_S = 5.0


class AgentLink:
    """One link from the agent's side."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def receive_any(self) -> tuple[str, dict[str, Any]]:
        """The next frame's type and message."""
        async with asyncio.timeout(DEADLINE_S):
            frame = json.loads(await self._connection.recv())
        return frame["type"], frame["message"]

    async def receive(self, kind: str) -> dict[str, Any]:
        """The next message of a kind; others before it are passed over."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                received, message = await self.receive_any()
                if received == kind:
                    return message

    async def receive_until(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """Every frame but heartbeats, up to and including the first of a kind."""
        frames: list[tuple[str, dict[str, Any]]] = []
        async with asyncio.timeout(DEADLINE_S):
            while not frames or frames[-1][0] != kind:
                frame = await self.receive_any()
                if frame[0] != "HeartbeatMessage":
                    frames.append(frame)
        return frames

    async def send(self, kind: str, message: dict[str, Any]) -> None:
        await self._connection.send(json.dumps({"type": kind, "message": message}))

    async def send_text(self, text: str | bytes) -> None:
        await self._connection.send(text)

    async def acknowledge(self, message: dict[str, Any]) -> None:
        await self.send(
            "AckRequest",
            {
                "cluster": message["clusterArn"],
                "containerInstance": message["containerInstanceArn"],
                "messageId": message["messageId"],
            },
        )

    async def closed(self) -> int | None:
        """Waits for the other side to close; says with which code."""
        async with asyncio.timeout(DEADLINE_S):
            try:
                while True:
                    await self._connection.recv()
            except ConnectionClosed as ended:
                return ended.rcvd.code if ended.rcvd else None


def upgrade_headers(url: str, secret_access_key: str) -> dict[str, str]:
    request = AWSRequest(method="GET", url=url)
    SigV4Auth(Credentials(ACCESS_KEY_ID, secret_access_key), "ecs", "us-east-1").add_auth(request)
    return {name: value for name, value in request.headers.items() if name.lower() != "host"}


@asynccontextmanager
async def linked(
    port: int, query: dict[str, str], secret_access_key: str = SECRET_ACCESS_KEY
) -> AsyncIterator[AgentLink]:
    path = f"127.0.0.1:{port}/ws?{urlencode(sorted(query.items()))}"
    headers = upgrade_headers(f"http://{path}", secret_access_key)
    async with connect(f"ws://{path}", additional_headers=headers, close_timeout=1) as connection:
        yield AgentLink(connection)


def acs_query(container_instance_arn: str, **members: str) -> dict[str, str]:
    return {
        "agentHash": "abc",
        "agentVersion": "1.105.1",
        "clusterArn": "demo",
        "containerInstanceArn": container_instance_arn,
        "dockerVersion": "DockerVersion: 20.10.24+dfsg1",
        "protocolVersion": "2",
        "seqNum": "1",
        "sendCredentials": "true",
        **members,
    }


def tcs_query(container_instance_arn: str) -> dict[str, str]:
    return {
        "agentHash": "abc",
        "agentVersion": "1.105.1",
        "cluster": "demo",
        "containerInstance": container_instance_arn,
        "dockerVersion": "DockerVersion: 20.10.24+dfsg1",
    }


def telemetry_frame(kind: str, message: dict[str, Any]) -> str:
    """With the header block that an agent puts before the JSON."""
    headers = "Authorization: AWS4-HMAC-SHA256 x\r\nHost: 127.0.0.1\r\nX-Amz-Date: 20260101T000000Z\r\n"
    return headers + "\r\n" + json.dumps({"type": kind, "message": message})
