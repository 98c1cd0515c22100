"""CloudFormation stacks, made and changed by change sets, and followed to their end."""

from __future__ import annotations

import json
from typing import Any

from shipway.deploy.edge.calls import Calls
from shipway.deploy.errors import AwsRefusal, DeployError
from shipway.deploy.infrastructure.stack_watch import failure_of, is_good, is_over, line_of, unseen
from shipway.deploy.tools import Tools

Members = dict[str, Any]

LOOK_EVERY_S = 2.0
NOT_YET = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
NO_CHANGE = ("didn't contain changes", "No updates are to be performed")


class Stacks:
    """The stacks of one account and region."""

    def __init__(self, calls: Calls, tools: Tools) -> None:
        self._calls = calls
        self._tools = tools

    def described(self, name: str) -> Members | None:
        try:
            stacks = self._calls.call("DescribeStacks", {"StackName": name})["Stacks"]
        except AwsRefusal as refusal:
            if refusal.code == "ValidationError":
                return None
            raise
        return next((stack for stack in stacks if stack["StackStatus"] not in NOT_YET), None)

    def apply(self, name: str, template: Members, values: dict[str, str]) -> Members | None:
        """Make or change the stack; its description, or None when there was nothing to change."""
        before = self.described(name)
        change_set = self._change_set(name, template, values, "UPDATE" if before else "CREATE")
        if change_set is None:
            return None
        seen = self._event_ids(name)
        self._calls.call("ExecuteChangeSet", {"ChangeSetName": change_set, "StackName": name})
        return self._followed(name, str(before["StackId"]) if before else name, seen)

    def delete(self, name: str) -> None:
        stack = self.described(name)
        if stack is None:
            raise DeployError(f"There is no stack {name}. `shipway instances list` shows what there is.")
        stack_id = str(stack["StackId"])
        seen = self._event_ids(stack_id)
        self._calls.call("DeleteStack", {"StackName": name})
        self._followed(name, stack_id, seen)

    def _change_set(self, name: str, template: Members, values: dict[str, str], kind: str) -> str | None:
        body = json.dumps(template)
        change_set = f"shipway-{self._tools.pace.now_ms()}"
        request = {
            "StackName": name,
            "ChangeSetName": change_set,
            "ChangeSetType": kind,
            "TemplateBody": body,
            "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()],
            "Capabilities": ["CAPABILITY_IAM"],
            "Tags": [{"Key": "shipway", "Value": "instances"}],
        }
        self._calls.call("CreateChangeSet", request)
        while True:
            seen = self._calls.call("DescribeChangeSet", {"ChangeSetName": change_set, "StackName": name})
            if seen["Status"] == "FAILED":
                self._forget(name, change_set, str(seen.get("StatusReason") or ""))
                return None
            if seen["Status"] == "CREATE_COMPLETE":
                for change in seen.get("Changes") or ():
                    resource = change.get("ResourceChange") or {}
                    self._tools.progress.say(
                        f"{str(resource.get('Action', '')).lower()} {resource.get('LogicalResourceId')}"
                    )
                return change_set
            self._tools.pace.pause(LOOK_EVERY_S)

    def _forget(self, name: str, change_set: str, reason: str) -> None:
        self._calls.call("DeleteChangeSet", {"ChangeSetName": change_set, "StackName": name})
        if not any(text in reason for text in NO_CHANGE):
            raise DeployError(f"CloudFormation cannot change the stack {name}: {reason}")

    def _followed(self, name: str, stack_id: str, seen: frozenset[str]) -> Members:
        happened: list[Members] = []
        while True:
            new = unseen(self._events(stack_id), seen)
            seen |= {event["EventId"] for event in new}
            happened += new
            for event in new:
                self._tools.progress.say(line_of(event))
            stack = self._calls.call("DescribeStacks", {"StackName": stack_id})["Stacks"][0]
            status = str(stack["StackStatus"])
            if is_over(status):
                self._tools.progress.close()
                if is_good(status):
                    return dict(stack)
                raise DeployError(self._failed(name, status, happened))
            self._tools.progress.now(f"{name}: {status.lower().replace('_', ' ')}")
            self._tools.pace.pause(LOOK_EVERY_S)

    def _failed(self, name: str, status: str, happened: list[Members]) -> str:
        cause = failure_of(happened)
        told = cause.text() if cause else "CloudFormation gave no reason"
        after = " It was rolled back." if "ROLLBACK_COMPLETE" in status else ""
        return f"The stack {name} ended {status}. First failure: {told}.{after}"

    def _events(self, stack_id: str) -> list[Members]:
        return list(self._calls.call("DescribeStackEvents", {"StackName": stack_id})["StackEvents"])

    def _event_ids(self, stack_id: str) -> frozenset[str]:
        try:
            return frozenset(str(event["EventId"]) for event in self._events(stack_id))
        except AwsRefusal as refusal:
            if refusal.code == "ValidationError":
                return frozenset()
            raise
