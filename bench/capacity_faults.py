"""Faults in capacity provider strategies, Fargate and managed scaling."""

from __future__ import annotations

from bench.fault import Fault

CAPACITY_FAULTS = (
    Fault(
        "the base goes to the last of a strategy",
        "scheduler/capacity_strategy.py",
        '(item.get("base") or 0):\n            return name_of(item)',
        '(item.get("base") or 0):\n            return name_of(strategy[-1])',
    ),
    Fault(
        "weights are all alike",
        "scheduler/capacity_strategy.py",
        'key=lambda item: (item.get("weight") or 0) / (beyond',
        "key=lambda item: 1 / (beyond",
    ),
    Fault(
        "a base counts for its share by weight",
        "scheduler/capacity_strategy.py",
        'beyond = {name_of(item): placed.get(name_of(item), 0) - (item.get("base") or 0)',
        "beyond = {name_of(item): placed.get(name_of(item), 0)",
    ),
    Fault(
        "who goes still counts for its provider",
        "scheduler/launch.py",
        "if task.live and not ground.loses(task)",
        "if task.live",
    ),
    Fault(
        "the provider with the least loses tasks",
        "scheduler/scale_in.py",
        "return (-over,",
        "return (over,",
    ),
    Fault(
        "a provider's tasks run anywhere",
        "scheduler/birth.py",
        "return (of_provider(name),) if name is not None and has_own_instances(name) else ()",
        "return ()",
    ),
    Fault(
        "Fargate tasks do not wait for their instance",
        "scheduler/ground.py",
        "return (self.nearest_failure(wanted) or NO_INSTANCES) if connected else None",
        "return self.nearest_failure(wanted) or NO_INSTANCES",
    ),
    Fault(
        "waiting tasks do not make a group grow",
        "scheduler/managed_scaling.py",
        "return len(busy) + len(bins)",
        "return len(busy)",
    ),
    Fault(
        "a group grows beyond its maximum",
        "scheduler/managed_scaling.py",
        "        target = staying + step\n    return min(max(target, size.minimum), size.maximum)",
        "        target = staying + step\n    return max(target, size.minimum)",
    ),
    Fault(
        "termination protection is ignored",
        "scheduler/managed_scaling.py",
        "if not (protected and count)]",
        "if True]",
    ),
    Fault(
        "who leaves a group is not waited for",
        "scheduler/managed_scaling.py",
        "view is None or view.only_daemons or overdue",
        "view is None or True or overdue",
    ),
    Fault(
        "who leaves a group is not drained",
        "scheduler/managed_scaling.py",
        'if number in views and views[number].instance.status == "ACTIVE"',
        "if False",
    ),
    Fault(
        "a group shrinks while its newest warm up",
        "scheduler/managed_scaling.py",
        "return max(spare_since(snapshot) + timing.shrink_quiet_ms, warm_at)",
        "return spare_since(snapshot) + timing.shrink_quiet_ms",
    ),
    Fault(
        "all that are to spare go at once",
        "scheduler/managed_scaling.py",
        "step = max(1, len(staying) // 2) if after.managed_scaling.enabled else len(staying)",
        "step = len(staying)",
    ),
    Fault(
        "a group never shrinks",
        "scheduler/managed_scaling.py",
        "elif count < staying and (ready_at := ready_to_shrink(snapshot)) > snapshot.now_ms:",
        "elif count < staying and (ready_at := ready_to_shrink(snapshot)) > 0:",
    ),
)
