"""`shipway.deploy(...)` and its like: the application file in, events, plans, verdicts and findings out."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from shipway.deploy.application.application import Application
from shipway.deploy.application.reading import locate, read_release
from shipway.deploy.application.release_file import Release
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.edge.aws import Aws, Where, open_aws
from shipway.deploy.event_stream import events_of
from shipway.deploy.events import Event
from shipway.deploy.plan import plan_application
from shipway.deploy.releasing.one_service import ReleaseWishes, lock_wish
from shipway.deploy.releasing.whole import release_all
from shipway.deploy.services import why_service
from shipway.deploy.verification.verification import Verification
from shipway.deploy.verification.verification import verify as verify_application

if TYPE_CHECKING:
    from shipway.deploy.planning.post_mortem import PostMortem
    from shipway.deploy.planning.service_plan import ServicePlan

What = str | os.PathLike[str] | Application | None


def deploy(
    what: What = None,
    *,
    environment: str | None = None,
    options: DeployOptions | None = None,
    aws: Aws | None = None,
) -> Generator[Event, None, None]:
    """Deploy, and yield what happens as it happens; the last event is `Ended`, with the verdict. A file of
    several services is one release: each has its `Ended`, and the last event is `ReleaseEnded`.

    `what` is a shipway.yml (default: the one of the current folder or above), its folder, or an Application.
    `environment` is one of the file's; `local` is the ECS on this machine. `aws` is opened from the file's
    region and profile and boto3's own chain unless it is given (`shipway.open_aws`).

    A deployment that fails is a verdict, no exception. DeployError is raised for what keeps a deployment from
    beginning or from being watched (AWS: any operation that is refused), when everything is as it was before
    or ECS goes on by itself, as its sentence says.

    It begins when the first event is asked for, runs in a thread of its own and does not wait for its reader.
    Whoever stops reading (`break`, Ctrl-C, `close()`) stops watching: what ECS has begun goes on, what it has
    not begun is unmade.
    """
    release = read_all(what, environment)
    chosen = options or DeployOptions()
    wishes = ReleaseWishes(lock_wish("shipway.deploy()"), verify=True)
    if aws is None:
        return events_of(
            lambda tools: release_all(
                release, lambda: opened_for(release.first, environment), tools, chosen, wishes
            )
        )
    # What was given is one way to AWS, and serves one deployment at a time.
    one_by_one = {name: structs.replace(one, parallel=1) for name, one in release.applications.items()}
    release = replace(release, applications=one_by_one)
    return events_of(lambda tools: release_all(release, lambda: aws, tools, chosen, wishes))


def plan(
    what: What = None,
    *,
    environment: str | None = None,
    options: DeployOptions | None = None,
    aws: Aws | None = None,
) -> ServicePlan:
    """What `deploy` would change, and the tasks that it would start and stop; nothing is touched."""
    application = read(what, environment)
    opened = opened_for(application, environment) if aws is None else aws
    return plan_application(application, opened, options or DeployOptions())


def verify(
    what: What = None,
    *,
    environment: str | None = None,
    options: DeployOptions | None = None,
    aws: Aws | None = None,
) -> Verification:
    """What would go wrong if this were deployed, as findings with codes; nothing is touched."""
    application = read(what, environment)
    opened = opened_for(application, environment) if aws is None else aws
    return verify_application(application, opened, options or DeployOptions(), strict=False)


def why(what: What = None, *, environment: str | None = None, aws: Aws | None = None) -> PostMortem:
    """The causes of what ails the service, the likeliest first (ECS DescribeTasks, service events, logs)."""
    application = read(what, environment)
    opened = opened_for(application, environment) if aws is None else aws
    return why_service(opened, application.service_name)


def read(what: What, environment: str | None) -> Application:
    return read_all(what, environment).chosen(None)


def read_all(what: What, environment: str | None) -> Release:
    if isinstance(what, Application):
        return Release({what.service_name: what})
    path = None if what is None else Path(what)
    if path is not None and path.is_dir():
        return read_release(locate(None, path), environment)
    return read_release(locate(None if path is None else str(path), Path.cwd()), environment)


def opened_for(application: Application, environment: str | None) -> Aws:
    where = Where(environment=environment, region=application.region, profile=application.profile)
    return open_aws(where, application.cluster)
