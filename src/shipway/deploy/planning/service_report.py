"""A service as people want to see it: deployments, tasks, targets, events, and where it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shipway.deploy.planning.moments import minute
from shipway.deploy.planning.references import short
from shipway.deploy.planning.stages import stage_report
from shipway.deploy.planning.task_lines import task_lines

Members = dict[str, Any]

EVENTS_SHOWN = 8
STOPPED_SHOWN = 5


@dataclass(frozen=True)
class ServiceReport:
    """What `shipway status` shows."""

    service: Members
    tasks: tuple[Members, ...]
    targets: tuple[Members, ...]
    service_deployments: tuple[Members, ...]
    urls: tuple[str, ...]
    # Service revision to task definition, of the service deployments.
    task_definitions: tuple[tuple[str, str], ...] = ()
    # The service deployment that has not ended, whole.
    current: Members | None = None

    def text(self) -> str:
        service = self.service
        lines = [
            f"{service['serviceName']} on {short(str(service.get('clusterArn')))}: {service.get('status')}, "
            f"{service.get('runningCount', 0)} of {service.get('desiredCount', 0)} tasks running, "
            f"{service.get('pendingCount', 0)} starting, {short(str(service.get('taskDefinition', '')))}"
        ]
        lines += [f"  {url}" for url in self.urls]
        lines += self._deployments()
        lines += self._current()
        lines += self._history()
        lines += self._tasks()
        lines += self._targets()
        events = [str(event["message"]) for event in (service.get("events") or ())[:EVENTS_SHOWN]]
        if events:
            lines += ["events, newest first:", *(f"  {message}" for message in events)]
        return "\n".join(lines)

    def as_document(self) -> Members:
        """For `-o json`."""
        return {
            "service": self.service,
            "tasks": list(self.tasks),
            "targets": list(self.targets),
            "serviceDeployments": list(self.service_deployments),
            "currentServiceDeployment": self.current,
            "urls": list(self.urls),
        }

    def _deployments(self) -> list[str]:
        lines = ["deployments:"]
        for found in self.service.get("deployments") or ():
            lines.append(
                f"  {found.get('status')} {short(str(found.get('taskDefinition', '')))}: "
                f"{found.get('runningCount', 0)} of {found.get('desiredCount', 0)} running, "
                f"{found.get('failedTasks', 0)} failed, {found.get('rolloutState', '')}".rstrip(", ")
            )
        return lines if len(lines) > 1 else []

    def _current(self) -> list[str]:
        if self.current is None:
            return []
        arn = str((self.current.get("targetServiceRevision") or {}).get("arn"))
        revision = short(dict(self.task_definitions).get(arn, "the new revision"))
        head = f"service deployment {short(str(self.current['serviceDeploymentArn']))}:"
        return [f"{head} {self.current.get('status')} {revision}", *stage_report(self.current, revision)]

    def _history(self) -> list[str]:
        lines = ["history, newest first:"]
        revisions = dict(self.task_definitions)
        for brief in self.service_deployments:
            reason = f": {brief['statusReason']}" if brief.get("statusReason") else ""
            definition = short(revisions.get(str(brief.get("targetServiceRevisionArn")), ""))
            words = [minute(brief.get("createdAt")), definition, str(brief.get("status"))]
            lines.append(f"  {' '.join(word for word in words if word)}{reason}")
        return lines if len(lines) > 1 else []

    def _tasks(self) -> list[str]:
        lines = task_lines(self.tasks, stopped_max=STOPPED_SHOWN)
        return ["tasks:", *lines] if lines else []

    def _targets(self) -> list[str]:
        lines = ["targets:"]
        for description in self.targets:
            target, health = description.get("Target") or {}, description.get("TargetHealth") or {}
            reason = health.get("Description") or health.get("Reason")
            lines.append(
                f"  {target.get('Id')}:{target.get('Port')} {health.get('State')}"
                + (f" ({reason})" if reason else "")
            )
        return lines if len(lines) > 1 else []
