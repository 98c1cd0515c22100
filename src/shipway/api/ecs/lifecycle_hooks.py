"""`lifecycleHooks` of a deployment configuration: read, checked, and shown with ECS's defaults."""

from __future__ import annotations

from shipway.api.ecs.identifiers import invalid, one_of
from shipway.model.record import Document
from shipway.model.traffic_shift import AWS_LAMBDA, PAUSE, LifecycleHook
from shipway.scheduler.shift.hook_targets import function_name, is_loopback
from shipway.scheduler.shift.stages import HOOK_STAGES, PAUSE_STAGES

HOOKS_MAX = 10  # of each target type
TIMEOUT_DEFAULT_MIN = 1440
TIMEOUT_MAX_MIN = 20_160


def lifecycle_hooks(plain: list[Document]) -> tuple[LifecycleHook, ...]:
    hooks = tuple(lifecycle_hook(entry) for entry in plain)
    for target_type in (AWS_LAMBDA, PAUSE):
        if sum(hook.target_type == target_type for hook in hooks) > HOOKS_MAX:
            raise invalid(f"lifecycleHooks can have at most {HOOKS_MAX} hooks of type {target_type}.")
    return hooks


def lifecycle_hook(plain: Document) -> LifecycleHook:
    target_type = plain.get("targetType") or AWS_LAMBDA
    if target_type not in (AWS_LAMBDA, PAUSE):
        raise invalid("Invalid targetType. Valid values are: AWS_LAMBDA, PAUSE")
    check_target(target_type, plain.get("hookTargetArn"))
    timeout = plain.get("timeoutConfiguration") or {}
    minutes = timeout.get("timeoutInMinutes")
    minutes = TIMEOUT_DEFAULT_MIN if minutes is None else minutes
    if not 1 <= minutes <= TIMEOUT_MAX_MIN:
        raise invalid(f"timeoutInMinutes must be between 1 and {TIMEOUT_MAX_MIN}.")
    action = one_of(timeout.get("action"), ("ROLLBACK", "CONTINUE"), "timeoutConfiguration.action")
    return LifecycleHook(
        target_type=target_type,
        target_arn=plain.get("hookTargetArn"),
        stages=checked_stages(target_type, plain.get("lifecycleStages") or []),
        timeout_ms=minutes * 60_000,
        timeout_action=action or "ROLLBACK",
        verbatim=plain,
    )


def check_target(target_type: str, target_arn: str | None) -> None:
    if target_type == PAUSE:
        if target_arn is not None:
            raise invalid("A PAUSE hook has no hookTargetArn. Remove it and try again.")
        return
    if target_arn is None:
        raise invalid("An AWS_LAMBDA hook needs its hookTargetArn.")
    if function_name(target_arn) is None and not is_loopback(target_arn):
        raise invalid(
            f"hookTargetArn {target_arn} is neither the ARN of a Lambda function nor an http address on this "
            "machine (http://127.0.0.1:PORT/PATH)."
        )


def checked_stages(target_type: str, stages: list[str]) -> tuple[str, ...]:
    if not stages:
        raise invalid("A lifecycle hook needs its lifecycleStages.")
    for stage in stages:
        one_of(stage, HOOK_STAGES, "lifecycleStages")
        if target_type == PAUSE and stage not in PAUSE_STAGES:
            raise invalid("Invalid lifecycle stage provided for Pause Hook")
    return tuple(stages)


def hook_wire(hook: LifecycleHook) -> Document:
    timeout = {"timeoutInMinutes": hook.timeout_ms // 60_000, "action": hook.timeout_action}
    return {**hook.verbatim, "targetType": hook.target_type, "timeoutConfiguration": timeout}
