"""The frames of both links, as values: what an agent sends, decoded; what it is sent, encoded.

A frame is `{"type": NAME, "message": {...}}`. On the telemetry link an agent puts a block of HTTP headers and
an empty line before the JSON (the frame's own signature; the link's is checked at the upgrade and enough).
Unknown types and unknown members are left alone, as Amazon's agent does.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Incoming(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What every message shares: members are optional, wrong types make the frame unusable."""


class Frame(Incoming, frozen=True, kw_only=True):
    type: str
    message: msgspec.Raw = msgspec.Raw(b"{}")


class AckRequest(Incoming, frozen=True, kw_only=True):
    message_id: str = ""


class NackRequest(Incoming, frozen=True, kw_only=True):
    message_id: str = ""
    reason: str = ""


class HeartbeatAckRequest(Incoming, frozen=True, kw_only=True):
    message_id: str = ""


class StopCandidate(Incoming, frozen=True, kw_only=True):
    task_arn: str
    task_cluster_arn: str = ""
    desired_status: str = "STOPPED"


class TaskStopVerificationMessage(Incoming, frozen=True, kw_only=True):
    message_id: str = ""
    stop_candidates: tuple[StopCandidate, ...] | None = None


class ContainerHealth(Incoming, frozen=True, kw_only=True):
    container_name: str
    health_status: str = "UNKNOWN"


class TaskHealth(Incoming, frozen=True, kw_only=True):
    task_arn: str
    containers: tuple[ContainerHealth, ...] | None = None


class PublishHealthRequest(Incoming, frozen=True, kw_only=True):
    tasks: tuple[TaskHealth, ...] | None = None


class StatisticsSet(Incoming, frozen=True, kw_only=True):
    min: float = 0.0
    max: float = 0.0
    sum: float = 0.0
    sample_count: int = 0

    @property
    def average(self) -> float:
        return self.sum / self.sample_count if self.sample_count else 0.0


class ContainerMetrics(Incoming, frozen=True, kw_only=True):
    container_name: str = ""
    cpu_stats_set: StatisticsSet | None = None
    memory_stats_set: StatisticsSet | None = None


class TaskMetrics(Incoming, frozen=True, kw_only=True):
    task_arn: str
    container_metrics: tuple[ContainerMetrics, ...] | None = None


class PublishMetricsRequest(Incoming, frozen=True, kw_only=True):
    task_metrics: tuple[TaskMetrics, ...] | None = None


class InstanceStatus(Incoming, frozen=True, kw_only=True):
    type: str
    status: str
    last_updated: float | str | None = None
    last_status_change: float | str | None = None


class PublishInstanceStatusRequest(Incoming, frozen=True, kw_only=True):
    statuses: tuple[InstanceStatus, ...] | None = None


MESSAGES: dict[str, type[Incoming]] = {
    shape.__name__: shape
    for shape in (
        AckRequest,
        NackRequest,
        HeartbeatAckRequest,
        TaskStopVerificationMessage,
        PublishHealthRequest,
        PublishMetricsRequest,
        PublishInstanceStatusRequest,
    )
}

FRAME_DECODER = msgspec.json.Decoder(Frame)
MESSAGE_DECODERS = {name: msgspec.json.Decoder(shape) for name, shape in MESSAGES.items()}


class FrameError(Exception):
    """A frame that cannot be read; the text says why. The link lives on."""


def decode(text: str) -> Incoming | str:
    """The message of a frame; for a type this room has no use for, its name."""
    try:
        frame = FRAME_DECODER.decode(without_headers(text))
        decoder = MESSAGE_DECODERS.get(frame.type)
        return frame.type if decoder is None else decoder.decode(frame.message)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise FrameError(str(error)) from error


def without_headers(text: str) -> str:
    """The JSON of a telemetry frame: what follows the first empty line, or all of it when it begins with the
    brace.
    """
    if text.lstrip().startswith("{"):
        return text
    _, separator, body = text.replace("\r\n", "\n").partition("\n\n")
    if not separator:
        raise FrameError("a telemetry frame must have an empty line between its headers and its JSON")
    return body


def encode(kind: str, message: dict[str, Any]) -> str:
    return msgspec.json.encode({"type": kind, "message": message}).decode()
