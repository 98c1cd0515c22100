"""Which document each verb prints with `-o json`: the type's place, [] for a list of them."""

from __future__ import annotations

import importlib
from types import GenericAlias
from typing import Any

OUTCOME = "shipway.deploy.documents.outcome"
LIVING = "shipway.deploy.documents.living"
PLAN = "shipway.deploy.documents.plan"
CLUSTER = "shipway.deploy.infrastructure.clusters:ClusterReport"
ANY_OBJECT = LIVING + ":EcsMembers"
VERDICT = OUTCOME + ":OutcomeDocument"

DOCUMENTS: dict[str, str] = {
    "init": LIVING + ":FilesDocument",
    "eject": LIVING + ":FilesDocument",
    **dict.fromkeys(("build", "push", "register"), LIVING + ":ArtifactsDocument"),
    "deploy": f"{VERDICT} {OUTCOME}:ReleaseDocument",
    **dict.fromkeys(("rollback", "wait", "scale", "restart"), VERDICT),
    **dict.fromkeys(("approve", "reject", "cancel"), VERDICT),
    "plan": f"{PLAN}:PlanDocument {PLAN}:PlansDocument",
    "verify": f"{OUTCOME}:VerificationDocument {OUTCOME}:VerificationsDocument",
    "rehearse": "shipway.rehearsal.report:RehearsalDocument",
    "explain": f"{OUTCOME}:CodePage {OUTCOME}:CodeListed[]",
    **dict.fromkeys(("lock", "unlock"), LIVING + ":LocksDocument"),
    "status": f"{LIVING}:StatusDocument {LIVING}:StatusesDocument",
    "why": f"{OUTCOME}:PostMortemDocument {OUTCOME}:ClusterTroubleDocument",
    "logs": LIVING + ":LogLine[]",
    "history": ANY_OBJECT + "[]",
    "events": ANY_OBJECT + "[]",
    "tasks": ANY_OBJECT + "[]",
    "port-forward": LIVING + ":ForwardedDocument",
    "run": LIVING + ":TasksRunDocument",
    "start": LIVING + ":TasksRunDocument",
    "exec": LIVING + ":ExecutedDocument",
    "stop": ANY_OBJECT,
    "delete": LIVING + ":DeletedDocument",
    "prune": LIVING + ":PrunedDocument",
    "deregister": LIVING + ":DeregisteredDocument",
    "cluster create": CLUSTER,
    "cluster list": CLUSTER + "[]",
    "cluster describe": CLUSTER,
    "cluster delete": CLUSTER,
    "instances create": LIVING + ":InstancesMadeDocument",
    "instances list": "shipway.deploy.infrastructure.instance_report:InstanceReport[]",
    "instances drain": LIVING + ":InstancesStatusDocument",
    "instances activate": LIVING + ":InstancesStatusDocument",
    "instances delete": LIVING + ":InstancesDeletedDocument",
    "iam": OUTCOME + ":PolicyDocument",
    "completion": f"{LIVING}:ScriptDocument {LIVING}:WordsDocument",
    "schema": f"{LIVING}:AnyObject {LIVING}:Names",
    "simulate": "shipway.simulator.scenarios.report:ReportDocument",
    "local up": "shipway.local.up_text:RunningDocument",
    "local status": "shipway.local.status:LocalStatus",
    "local env": LIVING + ":Strings",
    "local logs": "shipway.local.log_follow:LogLine[]",
    "local down": "shipway.local.down:Ended",
    "local reset": "shipway.local.down:Ended shipway.local.reset:Emptied",
}
APPLICATION = "application"  # the file's own schema, among those of the verbs
EVENTS = "jsonl"  # a line of -o jsonl, of whichever verb
NAMES = (APPLICATION, EVENTS, *DOCUMENTS)


def file_name(name: str) -> str:
    return f"{name.replace(' ', '-')}.json"


def document_types(verb: str) -> list[Any]:
    return [_type_at(place) for place in DOCUMENTS[verb].split()]


def _type_at(place: str) -> Any:
    module, _, name = place.removesuffix("[]").partition(":")
    found: Any = getattr(importlib.import_module(module), name)
    return GenericAlias(list, (found,)) if place.endswith("[]") else found
