"""plan, verify and status of a file: of its one service, or of all of them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipway.deploy.application.release_file import Release
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.edge.aws import Aws
from shipway.deploy.plan import plan_application
from shipway.deploy.planning.service_plan import ServicePlan
from shipway.deploy.releasing.containers import options_of, refuse_unknown_containers
from shipway.deploy.releasing.together import Together, of_each

if TYPE_CHECKING:
    from shipway.deploy.planning.service_report import ServiceReport
    from shipway.deploy.verification.verification import Verification


def plan_release_file(release: Release, aws: Aws, options: DeployOptions) -> ServicePlan | Together:
    if not release.several:
        return plan_application(release.first, aws, options)
    refuse_unknown_containers(release, options)
    plans = of_each(release, lambda one: plan_application(one, aws, options_of(one, options)))
    if len(plans) == 1:
        return next(iter(plans.values()))
    code = max(plan.exit_code for plan in plans.values())
    return Together(plans, code, "changes" if code else "unchanged")


def verify_release(
    release: Release, aws: Aws, options: DeployOptions, *, strict: bool, read_secrets: bool = False
) -> Verification | Together:
    from shipway.deploy.verification.verification import verify

    chosen = {"strict": strict, "read_secrets": read_secrets}
    if not release.several:
        return verify(release.first, aws, options, **chosen)
    refuse_unknown_containers(release, options)
    found = of_each(release, lambda one: verify(one, aws, options_of(one, options), **chosen))
    if len(found) == 1:
        return next(iter(found.values()))
    code = max(one.exit_code for one in found.values())
    return Together(found, code, "refused" if code else "passed")


def status_of_release(release: Release, aws: Aws) -> ServiceReport | Together:
    from shipway.deploy.services import status

    reports = of_each(release, lambda one: status(aws, one.service_name))
    return Together(reports) if release.several else next(iter(reports.values()))
