"""The CodeDeploy loop: a deployment's snapshot, the scheduler's plan, its commit."""

from __future__ import annotations

from collections.abc import Iterable

from shipway.model.code_deploy import CodeDeployment
from shipway.model.listener import Listener
from shipway.model.listener_action import Forward, ListenerAction
from shipway.model.rule import Rule
from shipway.model.service import Service
from shipway.model.task_set import TaskSet
from shipway.reconcile.agenda import Agenda, look_at_due
from shipway.reconcile.loop import PassResult
from shipway.reconcile.surroundings import Surroundings
from shipway.scheduler.code_deploy import CodeDeploySnapshot, ListenerRule, decide_code_deploy
from shipway.store import Change, Reads


class CodeDeployTurn:
    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._agenda = Agenda()

    def look_at_everything(self) -> None:
        self._agenda.look_at(
            deployment.deployment_id
            for deployment in self._around.store.state.all(CodeDeployment)
            if deployment.in_progress
        )

    def hear(self, changes: tuple[Change, ...]) -> bool:
        state = self._around.store.state
        if not state.table(CodeDeployment).rows:
            return False
        concerned = deployments_concerned(changes, state)
        self._agenda.look_at(concerned)
        return bool(concerned)

    async def __call__(self) -> PassResult:
        return await look_at_due(self._agenda, self._around.clock.now_ms(), self._look)

    def _look(self, deployment_id: str) -> PassResult:
        deployment = self._around.store.state.get(CodeDeployment, deployment_id)
        if deployment is None:
            return PassResult()
        plan = decide_code_deploy(code_deploy_snapshot(self._around, deployment))
        refused = self._around.commit(plan)
        return PassResult(len(plan.actions), len(refused), plan.wake_at)


def deployments_concerned(changes: Iterable[Change], reads: Reads) -> set[str]:
    """Those in progress of the service whose record or task sets changed; all, when a listener did."""
    services: set[str] = set()
    for change in changes:
        if change.kind in (Listener, Rule):
            return {found.deployment_id for found in reads.all(CodeDeployment) if found.in_progress}
        for record in (change.before, change.after):
            if isinstance(record, CodeDeployment | Service | TaskSet):
                services.add(record.service_arn)
    found = [
        deployment for arn in sorted(services) for deployment in reads.by(CodeDeployment, "service_arn", arn)
    ]
    return {deployment.deployment_id for deployment in found if deployment.in_progress}


def code_deploy_snapshot(around: Surroundings, deployment: CodeDeployment) -> CodeDeploySnapshot:
    state = around.store.state
    service = state.get(Service, deployment.service_arn)
    return CodeDeploySnapshot(
        now_ms=around.clock.now_ms(),
        deployment=deployment,
        active=service is not None and service.status == "ACTIVE",
        original=state.get(TaskSet, deployment.original_arn),
        replacement=state.get(TaskSet, deployment.replacement_arn),
        rules=rules_of(state, deployment, deployment.listener_arns),
        test_rules=rules_of(state, deployment, deployment.test_listener_arns),
        timing=around.timing,
    )


def rules_of(
    reads: Reads, deployment: CodeDeployment, listener_arns: tuple[str, ...]
) -> tuple[ListenerRule, ...]:
    """The default rules of these listeners and their others, those that forward to one of the two groups."""
    pair = {deployment.original_group_arn, deployment.replacement_group_arn}
    actions: dict[str, ListenerAction] = {
        listener.default_rule_arn: listener.default_action
        for listener in reads.all(Listener)
        if listener.listener_arn in listener_arns
    }
    actions |= {rule.rule_arn: rule.action for rule in reads.all(Rule) if rule.listener_arn in listener_arns}
    found = []
    for rule_arn, action in sorted(actions.items()):
        if isinstance(action, Forward):
            weights = {group.target_group_arn: group.weight for group in action.target_groups}
            if pair & weights.keys():
                found.append(ListenerRule(rule_arn, weights))
    return tuple(found)
