"""`shipway plan`: what a deployment would do, with nothing touched and few questions asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from shipway.deploy.application.application import Application
from shipway.deploy.auto_scaling import leave_scaled_count
from shipway.deploy.closer_look import look_at_images, look_at_secrets, look_at_sides, pinned_by_tag
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.moments import moment_utc
from shipway.deploy.foresight import foreseen
from shipway.deploy.observe import observe_balancer
from shipway.deploy.planning.canonical import same
from shipway.deploy.planning.deployed import Past, deployed_by
from shipway.deploy.planning.images import ImageWish, plan_images, still_to_build
from shipway.deploy.planning.load_balancing import BalancerSeen
from shipway.deploy.planning.ownership import Ownership, respect
from shipway.deploy.planning.plan_basis import basis_of
from shipway.deploy.planning.references import short
from shipway.deploy.planning.release import Seen, Wanted, plan_release
from shipway.deploy.planning.service_plan import ServicePlan, changes_of
from shipway.deploy.planning.three_way import others_revision, with_origins
from shipway.deploy.wanted import wanted_by, wanted_with_images


@dataclass(frozen=True)
class Asked:
    """What a plan goes by besides what is wanted of ECS."""

    wishes: tuple[ImageWish, ...] = ()
    missing_repositories: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    ownership: Ownership = field(default_factory=lambda: Ownership({}))


def plan_application(application: Application, aws: Aws, options: DeployOptions) -> ServicePlan:
    """What deploying the file would do."""
    wanted, wishes = wanted_by(application, aws, options)
    wanted, missing = pinned_by_tag(aws, wanted, wishes, moving_tags=True)
    asked = Asked(
        wishes,
        missing,
        application.warnings,
        tasks_around(application),
        Ownership(application.ownership),
    )
    return _planned(wanted, asked, aws)


def plan_tag(service_name: str, aws: Aws, options: DeployOptions) -> ServicePlan:
    """What deploying other images to the live service would do; no file is needed."""
    wanted, _ = wanted_with_images(service_name, aws, options)
    return _planned(wanted, Asked(), aws)


def tasks_around(application: Application) -> tuple[str, ...]:
    """What runs besides, once a deployment begins."""
    before = [f"before the service is touched: the task {name}" for name in application.before_deploy]
    after = [f"once the service is deployed: the task {name}" for name in application.after_deploy]
    return (*before, *after)


def look(aws: Aws, wanted: Wanted) -> Seen:
    """As `observe`, but a question whose answer cannot matter is not asked: a plan is run often."""
    service = aws.ecs.service(wanted.service_name)
    cluster = aws.ecs.cluster_described() if service is None else {"clusterArn": service["clusterArn"]}
    reference = (service or {}).get("taskDefinition")
    live = aws.ecs.task_definition(str(reference)) if reference else None
    settled = live is not None and live.get("status") == "ACTIVE" and same(live, wanted.task_definition)
    return Seen(
        cluster=cluster,
        service=service,
        live=live,
        latest=None if settled else aws.ecs.task_definition(str(wanted.task_definition["family"])),
        balancer=observe_balancer(aws, wanted.balancer) if wanted.balancer else BalancerSeen(),
    )


def _planned(wanted: Wanted, asked: Asked, aws: Aws) -> ServicePlan:
    seen = look(aws, wanted)
    wanted, left = respect(asked.ownership, wanted, seen)
    wanted, more = leave_scaled_count(aws, wanted, seen.service)
    release = plan_release(wanted, seen)
    # Builds alone change nothing at ECS: the tag is in the registry, and the service runs it.
    to_build = still_to_build(asked.wishes, wanted.task_definition)
    actions = (*plan_images(to_build, asked.missing_repositories), *release) if release else ()
    foresight = foreseen(aws, wanted, seen, release)
    images = look_at_images(aws, wanted, seen.service, {wish.container: wish for wish in asked.wishes})
    secrets = look_at_secrets(aws, wanted.task_definition, seen.service)
    past = _past(aws, wanted, seen)
    side = look_at_sides(aws, seen.service)
    others = others_revision(seen.live, moment_utc((seen.live or {}).get("registeredAt")), past)
    around = asked.around if any(getattr(action, "deploys", True) for action in release[-1:]) else ()
    return ServicePlan(
        cluster=wanted.cluster,
        service=wanted.service_name,
        changes=with_origins(changes_of(release, wanted, seen), wanted, seen.live, past),
        actions=actions,
        running=int((seen.service or {}).get("runningCount", 0)),
        images=images,
        secrets=secrets,
        notes=(*asked.notes, *around, *left, *more, *side, *others),
        prediction=foresight.prediction,
        likely_time=foresight.likely_time,
        basis=basis_of(wanted, seen, images, secrets),
    )


def _past(aws: Aws, wanted: Wanted, seen: Seen) -> Past | None:
    """What Shipway deployed last. The revision itself is read only when it could tell something."""
    deployed = deployed_by((seen.service or {}).get("tags") or [])
    if deployed is None or seen.live is None:
        return None
    if deployed.revision == short(str(seen.live["taskDefinitionArn"])):
        return Past(deployed, seen.live)
    differs = not same(seen.live, wanted.task_definition)
    return Past(deployed, aws.ecs.task_definition(deployed.revision) if differs else None)
