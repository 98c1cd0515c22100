"""The world of a service behind a load balancer whose deployments shift traffic."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from shipway.model import actions as act
from shipway.model.rule import Rule
from shipway.model.service import Service
from shipway.model.snapshot import ServiceSnapshot, TargetView
from shipway.model.task import Task
from shipway.model.traffic_shift import FAILED, SUCCEEDED, HookRun, TrafficShift
from shipway.scheduler.rolling import limits_of
from shipway.scheduler.shift.rules import weights_of
from shipway.store.commit import commit_plan
from tests.builders import (
    ALTERNATE_GROUP,
    PRODUCTION_RULE,
    TARGET_GROUP,
    TEST_RULE,
    a_rule,
    a_shifting_binding,
)
from tests.scheduler.world import World

OWN_ACTIONS = (act.BeginShift, act.ResolveTargetGroups, act.EnterStage, act.SetWeights, act.RecordHook)
GROUPS = {TARGET_GROUP: "web", ALTERNATE_GROUP: "other"}


class ShiftWorld(World):
    """`lines` are the plans' lines about the shift. Unless told otherwise, tasks that run become healthy."""

    def __init__(self, service: Service, **members: Any) -> None:
        default_rules = (a_rule(PRODUCTION_RULE, web=1, other=0), a_rule(TEST_RULE, other=1))
        rules = members.pop("rules", default_rules)
        self.lines: list[str] = []
        members.setdefault("load_balancers", (a_shifting_binding(),))
        super().__init__(service, **members)
        self.put_rules(*rules)

    def deploy(self, **configuration: Any) -> None:
        """A new revision; its deployment is governed by the configuration as it is now."""
        changed = replace(self.service.deployment_configuration, **configuration)
        self.service = replace(self.service, deployment_configuration=changed)
        self.update()

    def put_rules(self, *rules: Rule) -> None:
        """The listener rules that there are from now on."""
        for rule in self.state.all(Rule):
            self.tx.delete(Rule, rule.rule_arn)
        for rule in rules:
            self.tx.put(rule)

    def snapshot(self) -> ServiceSnapshot:
        actions = {rule.rule_arn: rule.action for rule in self.state.all(Rule)}
        return replace(super().snapshot(), listener_rules=actions)

    def check(self, snapshot: ServiceSnapshot, plan: act.Plan) -> None:
        check_traffic(snapshot, plan)

    def step(self) -> act.Plan:
        plan = super().step()
        own = [action.text() for action in plan.actions if isinstance(action, OWN_ACTIONS)]
        self.lines += [re.sub(r"ecs-(\w+)-0+", r"ecs-\1-", line) for line in own]
        return plan

    # What happens

    def come_up(self) -> None:
        """All that was started runs and passes its checks, all that was stopped is gone."""
        for _ in range(10):
            self.settle()
            self.run()
            self.end_stopping()
        self.settle()

    def run(self, tasks: Any = None) -> None:
        super().run(tasks)
        for task in self.live():
            if task.running and task.task_arn not in self.targets:
                self.be(task, "healthy")

    def be(self, task: Task, state: str) -> None:
        """How the load balancer finds the task from now on."""
        revision = self.revision(int((task.deployment_id or "")[8:]))
        self.targets[task.task_arn] = tuple(
            TargetView(binding.target_group_arn, binding.container_port, state)
            for binding in revision.bindings
        )

    def answer(self, run: HookRun, status: str = SUCCEEDED, **changes: Any) -> None:
        """A function's answer, or ContinueServiceDeployment."""
        if status == FAILED and run.target_arn:
            changes["failure"] = f"Lifecycle hook target {run.target_arn} returned FAILED status."
        record = act.RecordHook(
            service_deployment_arn=self.service.service_deployment_arn or "",
            run=replace(run, status=status, **changes),
            reason="It answered.",
        )
        assert commit_plan(self.tx, (record,), self.now_ms) == ()

    def ask(self, status: str) -> None:
        """StopServiceDeployment."""
        self.edit_deployment(self.updates, status=status)

    # What is seen

    @property
    def shift(self) -> TrafficShift:
        shift = self.deployment(self.updates).shift
        assert shift is not None
        return shift

    @property
    def open_runs(self) -> list[HookRun]:
        return [run for run in self.shift.current_runs if run.open]

    def traffic(self, rule_arn: str = PRODUCTION_RULE) -> dict[str, int]:
        rule = self.state.get(Rule, rule_arn)
        assert rule is not None
        return {GROUPS[arn]: weight for arn, weight in weights_of(rule.action).items()}

    def counts(self) -> dict[int, int]:
        """Live tasks by revision."""
        return {n: len(self.live(n)) for n in range(1, self.updates + 1) if self.live(n)}

    def said(self) -> list[str]:
        """The lines since the last call."""
        lines, self.lines = self.lines, []
        return lines


def check_traffic(snapshot: ServiceSnapshot, plan: act.Plan) -> None:
    """Production weights are shares of 100 or 1000, and go where enough healthy tasks are."""
    stages = [action for action in plan.actions if isinstance(action, act.EnterStage)]
    assert len(stages) <= 1, "more than one stage in a pass"
    for action in plan.actions:
        if isinstance(action, act.SetWeights):
            assert sum(weight for _, weight in action.weights) in (100, 1000)
            assert all(0 <= weight <= 999 for _, weight in action.weights)
            if action.rule_arn == PRODUCTION_RULE:
                check_gainers(snapshot, action, plan)


def check_gainers(snapshot: ServiceSnapshot, action: act.SetWeights, plan: act.Plan) -> None:
    """Who gains traffic has all its tasks healthy; on the way back, as many as the minimum or as green has;
    when a newer deployment ends the shift at once, one at least, unless nobody has any.
    """
    before = weights_of(snapshot.listener_rules[action.rule_arn])
    after = dict(action.weights)
    healthy = {arn: healthy_tasks(snapshot, plan, arn) for arn in after}
    gains = [
        arn for arn in after if after[arn] * sum(before.values()) > before.get(arn, 0) * sum(after.values())
    ]
    desired, configuration = snapshot.service.desired_count, snapshot.service.deployment_configuration
    others = max(healthy[arn] for arn in after if arn not in gains)
    entered = [each for each in plan.actions if isinstance(each, act.EnterStage)]
    if not entered:
        enough = min(1, others)
    elif entered[0].backwards:
        enough = min(limits_of(desired, configuration).lower, others)
    else:
        enough = desired
    for arn in gains:
        assert healthy[arn] >= enough, f"{arn} gains traffic with {healthy[arn]} healthy tasks"


def healthy_tasks(snapshot: ServiceSnapshot, plan: act.Plan, target_group_arn: str) -> int:
    marked = {
        action.task_arn: action.healthy_at for action in plan.actions if isinstance(action, act.MarkHealthy)
    }
    return sum(
        marked.get(task.task_arn, task.healthy_at) is not None
        for task in snapshot.tasks
        if task.live
        and any(view.target_group_arn == target_group_arn for view in snapshot.targets.get(task.task_arn, ()))
    )
