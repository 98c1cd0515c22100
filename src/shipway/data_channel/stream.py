"""What one end keeps of a data channel: its own numbers, what is not acknowledged, what came too early.

No input or output: frames go in, frames come out, and the moment and the ids are arguments.
"""

from __future__ import annotations

import json

from shipway.data_channel.frames import (
    ACKNOWLEDGE,
    FIN,
    INPUT,
    OUTPUT,
    SYN,
    Frame,
    FrameError,
    decode,
    encode,
)

RESEND_AFTER_MS = 2000
EARLY_MAX = 1000


class Stream:
    """`sends` is the type of the data that this end sends: INPUT for a client, OUTPUT for an agent."""

    def __init__(self, sends: str) -> None:
        self.sends = sends
        self.receives = OUTPUT if sends == INPUT else INPUT
        self._next_out = 0
        self._next_in = 0
        self._unacknowledged: dict[int, tuple[bytes, int]] = {}
        self._early: dict[int, Frame] = {}

    def data(self, payload_type: int, payload: bytes, now_ms: int, message_id: str) -> bytes:
        """The next frame of this end's own; it is kept until the other end has acknowledged it."""
        frame = Frame(
            message_type=self.sends,
            sequence=self._next_out,
            payload=payload,
            payload_type=payload_type,
            flags=SYN if self._next_out == 0 else 0,
            message_id=message_id,
            created_ms=now_ms,
        )
        self._next_out += 1
        sent = encode(frame)
        self._unacknowledged[frame.sequence] = sent, now_ms
        return sent

    def received(self, data: bytes, now_ms: int, message_id: str) -> tuple[list[Frame], list[bytes]]:
        """The frames that are due now, in their order, each once; and what to send back for this one."""
        frame = decode(data)
        if frame.message_type == ACKNOWLEDGE:
            number = frame.document.get("AcknowledgedMessageSequenceNumber")
            if isinstance(number, int):
                self._unacknowledged.pop(number, None)
            return [], []
        if frame.message_type != self.receives:
            return [frame], []
        answers = [acknowledgement(frame, now_ms, message_id)]
        if frame.sequence < self._next_in:
            return [], answers  # it came before: its acknowledgement was lost
        if len(self._early) >= EARLY_MAX:
            raise FrameError(f"frame {self._next_in} is missing, and {EARLY_MAX} later ones have come")
        self._early[frame.sequence] = frame
        due = []
        while self._next_in in self._early:
            due.append(self._early.pop(self._next_in))
            self._next_in += 1
        return due, answers

    def overdue(self, now_ms: int) -> list[bytes]:
        """What to send again, for nobody has acknowledged it for a while."""
        late = [
            number for number, (_, sent) in self._unacknowledged.items() if now_ms - sent >= RESEND_AFTER_MS
        ]
        for number in late:
            self._unacknowledged[number] = self._unacknowledged[number][0], now_ms
        return [self._unacknowledged[number][0] for number in late]


def acknowledgement(frame: Frame, now_ms: int, message_id: str) -> bytes:
    said = {
        "AcknowledgedMessageType": frame.message_type,
        "AcknowledgedMessageId": frame.message_id,
        "AcknowledgedMessageSequenceNumber": frame.sequence,
        "IsSequentialMessage": True,
    }
    return encode(
        Frame(
            message_type=ACKNOWLEDGE,
            sequence=0,
            payload=json.dumps(said).encode(),
            flags=SYN | FIN,
            message_id=message_id,
            created_ms=now_ms,
        )
    )
