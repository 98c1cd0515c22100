"""What a new service begins with: a revision, and for CODE_DEPLOY the task set that has it; for EXTERNAL
nothing at all.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.api.call import Call
from shipway.api.ecs.daemon_services import check_daemon_capacity
from shipway.api.ecs.deployment_controllers import check_code_deploy_spec, check_external_request
from shipway.api.ecs.identifiers import invalid
from shipway.api.ecs.service_records import new_revision
from shipway.api.ecs.service_rules import RevisionSpec, created_spec
from shipway.api.ecs.task_definition_lookup import launchable
from shipway.api.ecs.task_set_records import ALL_PERCENT, new_task_set
from shipway.model.cluster import Cluster
from shipway.model.service_revision import ServiceRevision
from shipway.model.task_definition import TaskDefinition
from shipway.model.task_set import TaskSet
from shipway.scheduler.birth import definition_constraints


class FirstDeployment(msgspec.Struct, frozen=True, kw_only=True):
    definition: TaskDefinition | None = None
    spec: RevisionSpec | None = None
    revision: ServiceRevision | None = None
    task_set: TaskSet | None = None

    @property
    def launch_type(self) -> str:
        return self.spec.launch_type if self.spec else "EC2"

    @property
    def definition_constraints(self) -> int:
        return len(definition_constraints(self.definition)) if self.definition else 0


def first_deployment(
    call: Call, cluster: Cluster, service_arn: str, controller: str, request: Any
) -> FirstDeployment:
    if controller == "EXTERNAL":
        check_external_request(request)
        return FirstDeployment()
    if not request.task_definition:
        raise invalid("TaskDefinition can not be blank.")
    definition = launchable(call, request.task_definition, inactive_code="ClientException")
    spec = created_spec(call, cluster, definition, request)
    if request.scheduling_strategy == "DAEMON":
        check_daemon_capacity(spec.launch_type, spec.capacity_provider_strategy)
    if controller == "CODE_DEPLOY":
        check_code_deploy_spec(spec)
    revision = new_revision(call, service_arn, cluster.cluster_arn, spec)
    task_set = None
    if controller == "CODE_DEPLOY":
        revision = msgspec.structs.replace(revision, rollout_state="COMPLETED")
        task_set = new_task_set(call, revision, status="PRIMARY", scale_percent=ALL_PERCENT)
    return FirstDeployment(definition=definition, spec=spec, revision=revision, task_set=task_set)
