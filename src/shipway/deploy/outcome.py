"""What a deployment comes to: the verdict and everything that a next step may want, as one document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from shipway.deploy.planning.post_mortem import PostMortem, as_document, render
from shipway.deploy.planning.references import short
from shipway.deploy.planning.verdict import Verdict


@dataclass(frozen=True)
class Outcome:
    """The end of a deployment or rollback; `exit_code` is the process's own."""

    verdict: Verdict
    sentence: str
    cluster: str
    service: str
    service_deployment_arn: str | None = None
    revision_before: str | None = None
    revision_after: str | None = None
    images: dict[str, str] = field(default_factory=dict)
    urls: tuple[str, ...] = ()
    task_arns: tuple[str, ...] = ()
    console_url: str | None = None
    duration_ms: int = 0
    plan: str = ""
    # The last log lines of the task that failed before or after the deployment.
    details: tuple[str, ...] = ()
    post_mortem: PostMortem | None = None
    # Ends that were asked for by name: `reject` is done when the deployment is rolled back.
    wished: tuple[Verdict, ...] = ()

    @property
    def exit_code(self) -> int:
        return 0 if self.verdict in self.wished else self.verdict.exit_code

    def text(self) -> str:
        """The verdict as people read it: first the word, then the cause, then where it answers."""
        lines = [f"{self.verdict.value}: {self.service} on {self.cluster}: {self.sentence}"]
        if self.revision_after:
            before = f"{short(self.revision_before)} -> " if self._moved and self.revision_before else ""
            lines.append(
                f"  task definition {before}{short(self.revision_after)}, {self.duration_ms / 1000:.1f} s"
            )
        lines += [f"  {line}" for line in self.plan.splitlines()]
        lines += [f"    | {line}" for line in self.details]
        if self.post_mortem is not None and (self.post_mortem.findings or not self._wanted):
            lines.append(render(self.post_mortem))
        lines += [f"  {url}" for url in self.urls]
        return "\n".join(lines)

    @property
    def _wanted(self) -> bool:
        """An end that somebody may have asked for. That no task failed is then no news."""
        return self.verdict in (Verdict.ROLLED_BACK, Verdict.STOPPED)

    @property
    def _moved(self) -> bool:
        return self.revision_before != self.revision_after

    def as_document(self) -> dict[str, Any]:
        """For `-o json`."""
        document: dict[str, Any] = {
            "verdict": self.verdict.value,
            "sentence": self.sentence,
            "exitCode": self.exit_code,
            "cluster": self.cluster,
            "service": self.service,
            "serviceDeploymentArn": self.service_deployment_arn,
            "taskDefinitionBefore": self.revision_before,
            "taskDefinitionAfter": self.revision_after,
            "images": self.images,
            "urls": list(self.urls),
            "taskArns": list(self.task_arns),
            "consoleUrl": self.console_url,
            "durationMs": self.duration_ms,
            "details": list(self.details),
            "findings": as_document(self.post_mortem) if self.post_mortem else [],
            "changes": list(self.post_mortem.changes) if self.post_mortem else [],
        }
        if self.plan:
            document["plan"] = self.plan.splitlines()
        return document
