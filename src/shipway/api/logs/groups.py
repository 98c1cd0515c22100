"""Log groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from shipway.api.call import Call
from shipway.api.errors import ApiError
from shipway.api.paging import InvalidTokenError, page
from shipway.store.log_events import LogGroup

T = TypeVar("T")

PAGE_MAX = 50
RETENTION_DAYS = frozenset(
    (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
)


def create_log_group(call: Call, request: Any) -> dict[str, Any]:
    if not call.log_events.create_group(request.log_group_name, request.tags or {}, call.clock.now_ms()):
        raise ApiError("ResourceAlreadyExistsException", "The specified log group already exists")
    return {}


def delete_log_group(call: Call, request: Any) -> dict[str, Any]:
    call.log_events.delete_group(find_group(call, request.log_group_name))
    return {}


def describe_log_groups(call: Call, request: Any) -> dict[str, Any]:
    prefix, pattern = request.log_group_name_prefix, request.log_group_name_pattern
    if prefix and pattern:
        raise invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    groups = [
        group
        for group in call.log_events.groups()
        if group.name.startswith(prefix or "") and (pattern or "").lower() in group.name.lower()
    ]
    if request.log_group_identifiers is not None:
        wanted = {name_of(identifier) for identifier in request.log_group_identifiers}
        groups = [group for group in groups if group.name in wanted]
    if request.log_group_class not in (None, "STANDARD"):
        groups = []
    found, token = one_page(groups, lambda group: group.name, request.next_token, request.limit)
    return {"logGroups": [group_answer(call, group) for group in found], **next_token(token)}


def put_retention_policy(call: Call, request: Any) -> dict[str, Any]:
    if request.retention_in_days not in RETENTION_DAYS:
        days = ", ".join(str(days) for days in sorted(RETENTION_DAYS))
        raise invalid(f"retentionInDays is {request.retention_in_days}; it must be one of {days}.")
    call.log_events.set_retention(find_group(call, request.log_group_name), request.retention_in_days)
    return {}


def delete_retention_policy(call: Call, request: Any) -> dict[str, Any]:
    call.log_events.set_retention(find_group(call, request.log_group_name), None)
    return {}


def group_answer(call: Call, group: LogGroup) -> dict[str, Any]:
    arn = group_arn(call, group.name)
    answer = {
        "logGroupName": group.name,
        "creationTime": group.created_at,
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "logGroupClass": "STANDARD",
        "storedBytes": group.stored_bytes,
    }
    if group.retention_days is not None:
        answer["retentionInDays"] = group.retention_days
    return answer


def group_arn(call: Call, name: str) -> str:
    return call.place.arn(f"log-group:{name}", service="logs")


def find_group(call: Call, name: str | None, identifier: str | None = None) -> LogGroup:
    """The group that a request names, by its name or by an identifier, which may be an ARN."""
    if name is None and identifier is None:
        raise invalid("Either logGroupName or logGroupIdentifier must be given.")
    group = call.log_events.group(name_of(name or identifier or ""))
    if group is None:
        raise ApiError("ResourceNotFoundException", "The specified log group does not exist.")
    return group


def name_of(identifier: str) -> str:
    """A log group's name from its name or ARN."""
    if identifier.startswith("arn:"):
        return identifier.removesuffix(":*").split(":log-group:", 1)[-1]
    return identifier


def one_page(
    items: Iterable[T], key: Callable[[T], Any], token: str | None, limit: int | None
) -> tuple[list[T], str | None]:
    try:
        return page(items, key, token, limit or PAGE_MAX)
    except InvalidTokenError as error:
        raise invalid("The specified nextToken is invalid.") from error


def next_token(token: str | None) -> dict[str, str]:
    return {} if token is None else {"nextToken": token}


def invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message)
