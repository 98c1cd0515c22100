"""Messages to a container instance's agent that it has not acknowledged yet."""

from __future__ import annotations

from typing import ClassVar

from shipway.model.record import Record


class OutboxMessage(Record, frozen=True, kw_only=True):
    """One payload: a task to run or to stop. Compiled to the wire only when it is sent."""

    key_member: ClassVar[str] = "message_id"
    indexes: ClassVar[tuple[str, ...]] = ("container_instance_arn", "task_arn")

    message_id: str
    container_instance_arn: str
    task_arn: str
    seq_num: int
    desired_status: str
