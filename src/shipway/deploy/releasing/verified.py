"""`verify` as a deployment's first step: what cannot succeed is refused before anything is touched."""

from __future__ import annotations

from shipway.deploy.application.application import Application
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.edge.aws import Aws
from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.counting import several
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.tools import Tools
from shipway.deploy.verification.finding import Finding, Severity
from shipway.deploy.verification.verification import verify_findings


def refused_by_verify(
    application: Application, aws: Aws, tools: Tools, options: DeployOptions
) -> Outcome | None:
    """None when it may be deployed; warnings are told."""
    findings = verify_findings(application, aws, options)
    for found in findings:
        if found.severity is Severity.WARN:
            tools.progress.say(f"verify warns: {_said(found)}")
    refusing = [found for found in findings if found.severity is Severity.REFUSE]
    if not refusing:
        return None
    count = several(len(refusing), "reason")
    sentence = f"verify found {count} why this cannot succeed. Nothing was touched (--no-verify: try it)."
    return Outcome(
        verdict=Verdict.REFUSED,
        sentence=sentence,
        cluster=application.cluster,
        service=application.service_name,
        details=tuple(f"{_said(found)} {found.todo}" for found in refusing),
    )


def _said(found: Finding) -> str:
    where = f"{found.place} " if found.place else ""
    return f"{found.code} {where}{found.key}: {found.sentence.rstrip('.')}."
