"""The subjects of the cluster query language: their values on an instance, and how values compare."""

from __future__ import annotations

import re

from shipway.model.snapshot import InstanceView

Comparable = tuple[int | str, ...]

MOMENT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3})\d*)?)?(Z|[+-]\d{2}:?\d{2})?)?"
)


def subject_values(subject: str, view: InstanceView) -> tuple[str, ...]:
    """The subject's values as text; none when the instance lacks the attribute."""
    instance = view.instance
    if subject.startswith("attribute:"):
        name = subject.removeprefix("attribute:")
        return (instance.all_attributes[name] or "",) if name in instance.all_attributes else ()
    if subject == "task:group":
        return tuple(sorted(view.groups))
    values = {
        "agentConnected": str(instance.agent_connected).lower(),
        "agentVersion": str(instance.version_info.get("agentVersion") or "0"),
        "ec2InstanceId": instance.ec2_instance_id,
        "registeredAt": str(instance.registered_at),
        "runningTasksCount": str(sum(view.groups.values())),  # those that are meant to run
    }
    return (values[subject],)


def comparable(subject: str, text: str) -> Comparable:
    """The text as its subject orders it. Raises ValueError for what the subject cannot be."""
    if subject == "agentVersion":
        return tuple(int(part) for part in text.removeprefix("v").split("."))
    if subject == "runningTasksCount":
        return (int(text),)
    if subject == "registeredAt":
        return (int(text),) if text.isdigit() and len(text) > 4 else (epoch_ms(text),)
    if subject.startswith("attribute:") and re.fullmatch(r"-?\d{1,18}", text):
        return (int(text),)
    return (text,)


def epoch_ms(text: str) -> int:
    """`2018-06-18T22:28:28+00:00`, with Z, without a zone, or a date alone."""
    found = MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    millisecond = int((found[7] or "0").ljust(3, "0"))
    offset_min = 0
    if found[8] and found[8] != "Z":
        sign = -1 if found[8][0] == "-" else 1
        offset_min = sign * (int(found[8][1:3]) * 60 + int(found[8][-2:]))
    minutes = (days_since_1970(year, month, day) * 24 + hour) * 60 + minute - offset_min
    return (minutes * 60 + second) * 1000 + millisecond


def days_since_1970(year: int, month: int, day: int) -> int:
    """Counts from March, so that the leap day is a year's last; pure rooms import no calendar."""
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        raise ValueError(f"{year}-{month}-{day}")
    shifted = year - (month <= 2)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return shifted * 365 + shifted // 4 - shifted // 100 + shifted // 400 + day_of_year - 719_468
