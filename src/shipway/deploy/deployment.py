"""A deployment from end to end: observe, plan, apply, follow, and say what it came to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from shipway.deploy.application.application import Application
from shipway.deploy.auto_scaling import leave_scaled_count
from shipway.deploy.building import plan_building
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError
from shipway.deploy.execute import Executor
from shipway.deploy.fast import as_fast_as_wished
from shipway.deploy.gate import Gate
from shipway.deploy.observe import observe, refuse_without_room
from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.actions import Plan, render
from shipway.deploy.planning.fit import on_instances
from shipway.deploy.planning.images import with_images
from shipway.deploy.planning.ownership import Ownership, respect
from shipway.deploy.planning.release import Seen, Wanted, plan_release
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.release import ended, release_service
from shipway.deploy.remembering import remember
from shipway.deploy.tools import Tools
from shipway.deploy.wanted import wanted_by, wanted_with_images

OPEN = Gate()


def deploy(
    application: Application, aws: Aws, tools: Tools, options: DeployOptions, gate: Gate = OPEN
) -> Outcome:
    """Deploy what the application file says."""
    tools, started_ms = tools.of_service(application.service_name, aws), tools.pace.now_ms()
    for warning in application.warnings:
        tools.progress.say(f"note: {warning}")
    wanted, wishes = wanted_by(application, aws, options)
    seen = observe(aws, wanted.service_name, str(wanted.task_definition["family"]), wanted.balancer)
    wanted, left = respect(Ownership(application.ownership), wanted, seen)
    wanted, notes = leave_scaled_count(aws, wanted, seen.service)
    for note in (*left, *notes):
        tools.progress.say(f"note: {note}")
    wanted, images = plan_building(aws, wanted, wishes, tools.progress)
    definition = wanted.task_definition
    # Planned once before anything is touched: whatever the plan refuses leaves nothing behind.
    release = plan_release(wanted, seen)
    if seen.cluster is not None and on_instances(definition, wanted.service or seen.service or {}):
        refuse_without_room(aws, definition)
    if options.dry_run:
        return ended(_dry_run(wanted, seen, (*images, *release)), tools, started_ms)
    executor = Executor(aws, tools, application.folder)
    with all_or_nothing(executor, tools):
        digests = executor.apply(images).digests
        pinned = replace(wanted, task_definition=with_images(definition, digests))
        with as_fast_as_wished(pinned, seen, aws, tools, fast=options.fast) as meanwhile:
            outcome = release_service(meanwhile, seen, executor, tools, options, gate)
    outcome = gate.after_service(outcome, wanted.service)
    remember(aws, tools.progress, executor.made.service, outcome, wanted.service)
    return ended(replace(outcome, images=digests), tools, started_ms)


def deploy_tag(
    service_name: str, aws: Aws, tools: Tools, options: DeployOptions, gate: Gate = OPEN
) -> Outcome:
    """Deploy the live service with other images; no file is needed."""
    tools, started_ms = tools.of_service(service_name, aws), tools.pace.now_ms()
    wanted, images = wanted_with_images(service_name, aws, options)
    definition = wanted.task_definition
    seen = observe(aws, service_name, str(definition["family"]), None)
    if options.dry_run:
        return ended(_dry_run(wanted, seen, plan_release(wanted, seen)), tools, started_ms)
    executor = Executor(aws, tools, ".")
    fast = as_fast_as_wished(wanted, seen, aws, tools, fast=options.fast)
    with all_or_nothing(executor, tools), fast as meanwhile:
        outcome = release_service(meanwhile, seen, executor, tools, options, gate)
    return ended(replace(outcome, images=images), tools, started_ms)


@contextmanager
def all_or_nothing(executor: Executor, tools: Tools) -> Iterator[None]:
    """A deployment that fails before ECS has taken the service unmakes what it made."""
    try:
        yield
    except (DeployError, KeyboardInterrupt):
        with tools.interruption.held():
            executor.undo()
        raise


def _dry_run(wanted: Wanted, seen: Seen, plan: Plan) -> Outcome:
    before = str(seen.service["taskDefinition"]) if seen.service else None
    sentence = "a dry run; this is what would be done:" if plan else "a dry run:"
    name = wanted.service_name
    outcome = Outcome(Verdict.UNCHANGED, sentence, wanted.cluster, name, revision_before=before)
    return replace(outcome, plan=render(plan))
