"""Images on Docker Engine: pull, look up, and the pause image made when it is missing."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from shipway.agent.docker_connection import DockerConnection, engine_error
from shipway.agent.engine import ALWAYS, LOCAL, EngineError, Image, RegistryLogin
from shipway.agent.pause_image import MACHINES, pause_archive
from shipway.agent.task_state import PAUSE_IMAGE


class DockerImages:
    def __init__(self, connection: DockerConnection) -> None:
        self._connection = connection

    async def make_present(self, image: str, login: RegistryLogin | None, policy: str) -> Image:
        if policy != ALWAYS or image == PAUSE_IMAGE or "@sha256:" in image:
            found = await self._inspect(image)
            if found:
                return found
        if image == PAUSE_IMAGE:
            await self._make_pause()
            return await self._inspect(image) or Image("")
        if policy == LOCAL:
            raise EngineError(f"No such image: {image}", missing=True)
        digest = await self._pull(image, login)
        found = await self._inspect(image)
        return Image(found.image_id if found else "", digest or (found.digest if found else ""))

    async def _inspect(self, image: str) -> Image | None:
        try:
            answer = await self._connection.json("GET", f"/images/{image}/json")
        except EngineError as error:
            if error.missing:
                return None
            raise
        name = _repository(image)
        digests = [
            text.split("@", 1)[1] for text in answer.get("RepoDigests") or () if text.split("@", 1)[0] == name
        ]
        return Image(str(answer["Id"]), digests[0] if digests else "")

    async def _pull(self, image: str, login: RegistryLogin | None) -> str:
        query = {"fromImage": image}
        if ":" not in image.rsplit("/", 1)[-1]:
            query["tag"] = "latest"  # without one, Docker would pull every tag
        headers = {"X_Registry_Auth": _authentication(login)} if login else {}
        digest = ""
        async with self._connection.stream("POST", "/images/create", query=query, **headers) as response:
            async for line in response.content:
                progress: dict[str, Any] = msgspec.json.decode(line)
                if "error" in progress:
                    raise engine_error(str(progress["error"]))
                status = str(progress.get("status", ""))
                digest = status.removeprefix("Digest: ") if status.startswith("Digest: ") else digest
        return digest

    async def _make_pause(self) -> None:
        architecture = str(self._connection.versions.get("Arch"))
        if architecture not in MACHINES:
            raise EngineError(
                f"There is no pause program for the architecture {architecture}; awsvpc needs one."
            )
        name, _, tag = PAUSE_IMAGE.partition(":")
        query = {"fromSrc": "-", "repo": name, "tag": tag, "changes": 'ENTRYPOINT ["/pause"]'}
        archive = pause_archive(architecture)
        async with self._connection.stream("POST", "/images/create", query=query, body=archive) as response:
            await response.read()


def _repository(image: str) -> str:
    name = image.split("@", 1)[0]
    head, slash, tail = name.rpartition("/")
    return f"{head}{slash}{tail.split(':', 1)[0]}"


def _authentication(login: RegistryLogin) -> str:
    document = {"username": login.username, "password": login.password, "serveraddress": login.address}
    return base64.urlsafe_b64encode(msgspec.json.encode(document)).decode()
