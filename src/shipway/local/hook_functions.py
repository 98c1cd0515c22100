"""The functions of lifecycle hooks: HTTP endpoints on loopback in Lambda's place."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import msgspec

from shipway.reconcile.surroundings import HookUnreachedError
from shipway.scheduler.shift.hook_targets import function_name, is_loopback

ANSWER_BYTES_MAX = 256 * 1024


class HookFunctions:
    """`file` maps names of Lambda functions to addresses; it is read at every call, so it may change."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def call(self, target_arn: str, payload: bytes) -> bytes:
        address = self.address_of(target_arn)
        headers = {"Content-Type": "application/json"}
        try:
            # The hooks loop limits the time. Certificates on loopback are their owner's own.
            timeout = aiohttp.ClientTimeout(total=None)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(
                    address, data=payload, headers=headers, allow_redirects=False, ssl=False
                ) as answer,
            ):
                body = await answer.content.read(ANSWER_BYTES_MAX + 1)
                while len(body) <= ANSWER_BYTES_MAX and (more := await answer.content.readany()):
                    body += more
        except (aiohttp.ClientError, OSError) as error:
            raise HookUnreachedError(f"{address} does not answer: {error}") from error
        if answer.status != 200:
            raise HookUnreachedError(f"{address} answered with HTTP status {answer.status}")
        if len(body) > ANSWER_BYTES_MAX:
            raise HookUnreachedError(f"{address} answered with more than {ANSWER_BYTES_MAX} bytes")
        return body

    def address_of(self, target_arn: str) -> str:
        name = function_name(target_arn)
        address = target_arn if name is None else self._read().get(name)
        if address is None:
            raise HookUnreachedError(f"{self._file} names no address for the function {name}")
        if not is_loopback(address):
            raise HookUnreachedError(f"{address} is not an http address on this machine (127.0.0.1)")
        return address

    def _read(self) -> dict[str, str]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, str])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            raise HookUnreachedError(f"{self._file} cannot be read: {error}") from error
