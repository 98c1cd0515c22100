"""One binary frame of a data channel.

Big endian: header length (116), message type (32 characters, filled up with blanks), schema version, moment
in epoch milliseconds, sequence number, flags, message id (its low half first), SHA-256 of the payload,
payload type, payload length, payload.
"""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any

import msgspec

INPUT = "input_stream_data"
OUTPUT = "output_stream_data"
ACKNOWLEDGE = "acknowledge"
CHANNEL_CLOSED = "channel_closed"
PAUSE, RESUME = "pause_publication", "start_publication"

# What a payload is.
BYTES = 1
SIZE = 3
HANDSHAKE_REQUEST, HANDSHAKE_RESPONSE, HANDSHAKE_COMPLETE = 5, 6, 7
FLAG = 10
STDERR = 11
EXIT_CODE = 12

# The flag's own values.
DISCONNECT_FROM_PORT, TERMINATE, CONNECTION_FAILED = 1, 2, 3

SYN, FIN = 1, 2
HEADER = struct.Struct(">I32sIQQQ16s32sII")
HEADER_LENGTH = 116
SCHEMA_VERSION = 1
PAYLOAD_BYTES_MAX = 1024 * 1024


class FrameError(Exception):
    """What came is no frame; the text says why."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """`message_id` is a UUID as text."""

    message_type: str
    sequence: int
    payload: bytes = b""
    payload_type: int = 0
    flags: int = 0
    message_id: str
    created_ms: int = 0

    @property
    def document(self) -> dict[str, Any]:
        """Its payload as JSON."""
        try:
            found = json.loads(self.payload)
        except ValueError as error:
            raise FrameError(f"the payload of a {self.message_type} is no JSON: {error}") from error
        if not isinstance(found, dict):
            raise FrameError(f"the payload of a {self.message_type} is no JSON object")
        return found


def encode(frame: Frame) -> bytes:
    whole = bytes.fromhex(frame.message_id.replace("-", ""))
    header = HEADER.pack(
        HEADER_LENGTH,
        frame.message_type.encode().ljust(32),
        SCHEMA_VERSION,
        frame.created_ms,
        frame.sequence,
        frame.flags,
        whole[8:] + whole[:8],
        hashlib.sha256(frame.payload).digest(),
        frame.payload_type,
        len(frame.payload),
    )
    return header + frame.payload


def decode(data: bytes) -> Frame:
    if len(data) < HEADER.size:
        raise FrameError(f"a frame of {len(data)} bytes is shorter than its header")
    fields = HEADER.unpack_from(data)
    header_length, message_type, _, created_ms, sequence, flags, halves, digest, payload_type, length = fields
    payload = data[header_length + 4 :]
    if len(payload) != length or length > PAYLOAD_BYTES_MAX:
        raise FrameError(f"a frame says that its payload has {length} bytes, and it has {len(payload)}")
    if hashlib.sha256(payload).digest() != digest:
        raise FrameError("a frame's payload is not what its digest says")
    whole = (halves[8:] + halves[:8]).hex()
    return Frame(
        message_type=message_type.decode("ascii", "replace").strip("\0 "),
        sequence=sequence,
        payload=payload,
        payload_type=payload_type,
        flags=flags,
        message_id="-".join((whole[:8], whole[8:12], whole[12:16], whole[16:20], whole[20:])),
        created_ms=created_ms,
    )
