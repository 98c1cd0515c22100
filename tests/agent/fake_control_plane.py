"""A control plane for tests: answers the agent's calls, holds its two links, remembers everything it was
told.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

CLUSTER_ARN = "arn:aws:ecs:us-east-1:000000000000:cluster/default"
INSTANCE_ARN = "arn:aws:ecs:us-east-1:000000000000:container-instance/default/0123456789abcdef"
DEADLINE_S = 30.0
Message = dict[str, Any]


class FakeControlPlane:
    def __init__(self) -> None:
        self.calls: list[tuple[str, Message]] = []
        self.frames: list[tuple[str, Message]] = []
        self.telemetry: list[tuple[str, Message]] = []
        self.log_events: list[tuple[str, str, str]] = []
        self.refuse: dict[str, tuple[int, Message]] = {}
        self.groups: set[str] | None = None  # log groups that exist; None: all
        self.acs: web.WebSocketResponse | None = None
        self.acs_queries: list[dict[str, str]] = []
        self._tcs: web.WebSocketResponse | None = None
        self._changed = asyncio.Condition()
        self._seq = 0
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self) -> None:
        application = web.Application(client_max_size=4 * 1024 * 1024)
        application.router.add_post("/", self._call)
        application.router.add_get("/ws", self._websocket)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self.drop_links()
        assert self._runner is not None
        await self._runner.cleanup()

    async def drop_links(self) -> None:
        for link in (self.acs, self._tcs):
            if link is not None and not link.closed:
                await link.close()

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, what: str, true: Callable[[], Any]) -> Any:
        """Wait for a moment at which `true()` answers something true; that answer."""
        try:
            async with asyncio.timeout(DEADLINE_S), self._changed:
                while not (answer := true()):
                    await self._changed.wait()
                return answer
        except TimeoutError:
            raise AssertionError(f"never happened: {what}; calls were {self.calls[-5:]}") from None

    async def _call(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIATEST/")
        operation = request.headers["X-Amz-Target"].split(".")[1]
        body = msgspec.json.decode(await request.read())
        self.calls.append((operation, body))
        status, answer = self.refuse.get(operation) or (200, self._answer(operation, body))
        if "__type" in answer and status == 200:
            status = 400
        await self._note()
        return web.Response(
            body=msgspec.json.encode(answer), status=status, content_type="application/x-amz-json-1.1"
        )

    def _answer(self, operation: str, body: Message) -> Message:
        if operation == "RegisterContainerInstance":
            return {
                "containerInstance": {"containerInstanceArn": INSTANCE_ARN, "attributes": body["attributes"]}
            }
        if operation == "DiscoverPollEndpoint":
            return {"endpoint": self.url, "telemetryEndpoint": self.url}
        if operation == "GetAuthorizationToken":
            token = base64.b64encode(b"AWS:secret").decode()
            return {
                "authorizationData": [
                    {"authorizationToken": token, "expiresAt": 4e9, "proxyEndpoint": "http://x"}
                ]
            }
        if (
            operation == "CreateLogStream"
            and self.groups is not None
            and body["logGroupName"] not in self.groups
        ):
            return {
                "__type": "ResourceNotFoundException",
                "message": "The specified log group does not exist.",
            }
        if operation == "PutLogEvents":
            self.log_events += [
                (body["logGroupName"], body["logStreamName"], e["message"]) for e in body["logEvents"]
            ]
        return {}

    async def _websocket(self, request: web.Request) -> web.WebSocketResponse:
        link = web.WebSocketResponse()
        await link.prepare(request)
        is_acs = "clusterArn" in request.query
        if is_acs:
            self.acs = link
            self.acs_queries.append(dict(request.query))
        else:
            self._tcs = link
        await self._note()
        async for frame in link:
            if frame.type is not WSMsgType.TEXT:
                continue
            text = frame.data if is_acs else frame.data.split("\r\n\r\n", 1)[1]
            decoded = msgspec.json.decode(text)
            (self.frames if is_acs else self.telemetry).append((decoded["type"], decoded["message"]))
            await self._note()
        return link

    async def send(self, kind: str, message: Message) -> None:
        await self.until("an ACS link", lambda: self.acs and not self.acs.closed)
        assert self.acs is not None
        await self.acs.send_str(msgspec.json.encode({"type": kind, "message": message}).decode())

    async def run(self, *tasks: Message, message_id: str = "") -> str:
        self._seq += 1
        message_id = message_id or f"message-{self._seq}"
        addressed = {"messageId": message_id, "clusterArn": CLUSTER_ARN, "containerInstanceArn": INSTANCE_ARN}
        await self.send("PayloadMessage", {**addressed, "tasks": list(tasks), "seqNum": self._seq})
        return message_id

    async def stop_task(self, arn: str) -> None:
        await self.run({"arn": arn, "desiredStatus": "STOPPED"})

    async def manifest(self, *arns: str) -> str:
        self._seq += 1
        tasks = [{"taskArn": arn, "taskClusterArn": CLUSTER_ARN, "desiredStatus": "RUNNING"} for arn in arns]
        message = {
            "messageId": f"manifest-{self._seq}",
            "clusterArn": CLUSTER_ARN,
            "containerInstanceArn": INSTANCE_ARN,
            "tasks": tasks,
            "timeline": self._seq,
        }
        await self.send("TaskManifestMessage", message)
        return str(message["messageId"])

    def reports(self, arn: str) -> list[Message]:
        return [body for name, body in self.calls if name == "SubmitTaskStateChange" and body["task"] == arn]

    async def reported(self, arn: str, status: str) -> Message:
        """The first report of that status."""

        def found() -> Message | None:
            return next((report for report in self.reports(arn) if report["status"] == status), None)

        answer: Message = await self.until(f"{arn} {status}", found)
        return answer

    async def acknowledged(self, message_id: str) -> None:
        await self.until(
            f"an ack of {message_id}",
            lambda: any(k == "AckRequest" and m["messageId"] == message_id for k, m in self.frames),
        )


def container_of(report: Message, name: str) -> Message:
    return next(container for container in report["containers"] if container["containerName"] == name)
