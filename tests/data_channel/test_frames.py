"""Frames and their order: what goes in comes out, once, whatever happens on the way."""

from __future__ import annotations

import json
import struct
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.data_channel.frames import (
    ACKNOWLEDGE,
    BYTES,
    CHANNEL_CLOSED,
    INPUT,
    OUTPUT,
    Frame,
    FrameError,
    decode,
    encode,
)
from shipway.data_channel.stream import EARLY_MAX, RESEND_AFTER_MS, Stream, acknowledgement

ID = "00112233-4455-6677-8899-aabbccddeeff"


@given(
    st.binary(max_size=300),
    st.uuids(),
    st.integers(0, 2**63),
    st.integers(0, 2**40),
    st.integers(0, 3),
)
def test_a_frame_comes_back_as_it_went(payload: bytes, id: UUID, sequence: int, ms: int, flags: int) -> None:
    """Every field."""
    frame = Frame(
        message_type=OUTPUT,
        sequence=sequence,
        payload=payload,
        payload_type=BYTES,
        flags=flags,
        message_id=str(id),
        created_ms=ms,
    )
    assert decode(encode(frame)) == frame


def test_the_layout_is_systems_managers() -> None:
    """Offsets, blanks, and the id with its low half first."""
    data = encode(Frame(message_type=INPUT, sequence=7, payload=b"ls\n", payload_type=1, message_id=ID))
    assert struct.unpack(">I", data[:4]) == (116,)
    assert data[4:36] == b"input_stream_data".ljust(32)
    assert struct.unpack(">Q", data[48:56]) == (7,)
    assert data[64:80].hex() == "8899aabbccddeeff0011223344556677"
    assert struct.unpack(">II", data[112:120]) == (1, 3)
    assert data[120:] == b"ls\n"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda data: data[:50], "shorter than its header"),
        (lambda data: data[:-1], "says that its payload has 3 bytes"),
        (lambda data: data[:-1] + b"x", "not what its digest says"),
    ],
)
def test_what_is_no_frame_is_refused(spoil: object, said: str) -> None:
    """Cut short, or changed on the way."""
    data = encode(Frame(message_type=INPUT, sequence=0, payload=b"abc", message_id=ID))
    with pytest.raises(FrameError, match=said):
        decode(spoil(data))  # type: ignore[operator]


@given(st.lists(st.binary(max_size=20), max_size=12), st.randoms(use_true_random=False))
def test_frames_are_due_in_their_order_and_once(payloads: list[bytes], random: object) -> None:
    """Doubled and shuffled on the way; each is acknowledged every time that it comes."""
    agent, client = Stream(OUTPUT), Stream(INPUT)
    sent = [agent.data(BYTES, payload, 0, ID) for payload in payloads]
    on_the_way = sent * 2
    random.shuffle(on_the_way)  # type: ignore[attr-defined]
    due: list[bytes] = []
    for data in on_the_way:
        frames, answers = client.received(data, 0, ID)
        due += [frame.payload for frame in frames]
        assert len(answers) == 1
        agent.received(answers[0], 0, ID)
    assert due == payloads
    assert agent.overdue(10 * RESEND_AFTER_MS) == []


def test_what_nobody_acknowledged_is_sent_again() -> None:
    """After a while, and then after another; what was acknowledged is not."""
    client = Stream(INPUT)
    first, second = client.data(BYTES, b"a", 0, ID), client.data(BYTES, b"b", 0, ID)
    client.received(acknowledgement(decode(first), 0, ID), 0, ID)
    assert client.overdue(RESEND_AFTER_MS - 1) == []
    assert client.overdue(RESEND_AFTER_MS) == [second]
    assert client.overdue(RESEND_AFTER_MS + 1) == []
    assert client.overdue(2 * RESEND_AFTER_MS) == [second]


def test_other_messages_pass_and_are_not_acknowledged() -> None:
    """The channel's end is told at once, out of any order."""
    closed = encode(Frame(message_type=CHANNEL_CLOSED, sequence=0, payload=b"{}", message_id=ID))
    frames, answers = Stream(INPUT).received(closed, 0, ID)
    assert [frame.message_type for frame in frames] == [CHANNEL_CLOSED]
    assert answers == []


def test_an_acknowledgement_names_what_it_is_for() -> None:
    """In Systems Manager's own words."""
    data = Stream(OUTPUT).data(BYTES, b"x", 0, ID)
    told = decode(acknowledgement(decode(data), 0, ID))
    assert told.message_type == ACKNOWLEDGE
    assert json.loads(told.payload) == {
        "AcknowledgedMessageType": OUTPUT,
        "AcknowledgedMessageId": ID,
        "AcknowledgedMessageSequenceNumber": 0,
        "IsSequentialMessage": True,
    }


def test_a_gap_that_never_closes_is_an_error() -> None:
    """Nothing is kept without a bound."""
    agent, client = Stream(OUTPUT), Stream(INPUT)
    agent.data(BYTES, b"lost", 0, ID)
    for _ in range(EARLY_MAX):
        client.received(agent.data(BYTES, b"", 0, ID), 0, ID)
    with pytest.raises(FrameError, match="frame 0 is missing"):
        client.received(agent.data(BYTES, b"", 0, ID), 0, ID)
