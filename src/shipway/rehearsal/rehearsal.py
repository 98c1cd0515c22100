"""A rehearsal from end to end: a local ECS of its own, the first version, the new one, the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

from shipway.deploy.application.application import Application
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.deployment import deploy
from shipway.deploy.edge.aws import LOCAL, Where, open_aws
from shipway.deploy.edge.docker import DockerCommand
from shipway.deploy.edge.pace import RealPace
from shipway.deploy.edge.progress import Progress
from shipway.deploy.errors import DeployError
from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.references import with_tag
from shipway.deploy.releasing.one_service import ReleaseWishes, release_application
from shipway.deploy.tools import Tools
from shipway.local.settings import SIMULATED
from shipway.rehearsal.balancers import make_balancers
from shipway.rehearsal.breaking import Breaking, never_came
from shipway.rehearsal.course import below_minimum_s, recoveries, timeline
from shipway.rehearsal.faults import (
    Fault,
    is_checked,
    missing_images,
    refuse_what_cannot_be,
    with_faults,
)
from shipway.rehearsal.images import Login, images_needed, pull_ahead
from shipway.rehearsal.live import Live, live_version, with_live_count
from shipway.rehearsal.lodging import Lodging, Wanted, lodging
from shipway.rehearsal.prober import Prober
from shipway.rehearsal.report import Report, marks_of
from shipway.rehearsal.signals import EndingInterruption, Interrupted, signals_end
from shipway.rehearsal.stand_ins import StandIn, stood_in, without_hooks, without_tasks_around
from shipway.rehearsal.stand_ins_balancing import told_of_groups, wanted_pairs, with_balancers
from shipway.rehearsal.versions import (
    essential,
    everything_made,
    first_version,
    unbuilt_images,
    with_usual_times,
)
from shipway.rehearsal.witness import Watched, Witness

INTERRUPTED = 130
RECOVERY_LIMIT_S = 120.0


@dataclass(frozen=True)
class Script:
    """What is rehearsed: images of the first version where they differ, and the new deployment's options."""

    application: Application
    options: DeployOptions
    wanted: Wanted = field(default_factory=Wanted)
    faults: tuple[Fault, ...] = ()
    first_tag: str | None = None
    first_images: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    live: Live | None = None
    login: Login | None = None  # to ECR

    @property
    def simulated(self) -> bool:
        return self.wanted.engine == SIMULATED

    @property
    def speed(self) -> float:
        return self.wanted.speed or 1.0


def rehearse(script: Script, progress: Progress, environment: Mapping[str, str]) -> Report:
    """Runs it. Nothing is left when this returns or raises."""
    refuse_what_cannot_be(script.faults, script.application)
    try:
        with signals_end():
            return _rehearse(script, progress, environment)
    except Interrupted:
        raise DeployError("Interrupted; nothing is left behind.", exit_code=INTERRUPTED) from None


def _rehearse(script: Script, progress: Progress, environment: Mapping[str, str]) -> Report:
    progress.now("starting a local ECS for this rehearsal")
    with lodging(script.wanted, environment) as lodged:
        progress.say(f"a local ECS for this rehearsal answers at {lodged.endpoint.endpoint_url}")
        report = _both(script, lodged, progress)
        progress.now("taking the local ECS down")
    progress.say("the local ECS is gone; nothing is left of it")
    return report


def _both(script: Script, lodged: Lodging, progress: Progress) -> Report:
    old, application, told = _versions(script)
    variables = {"SHIPWAY_DATA": str(lodged.folder.path)}
    # Two threads, each with an AWS of its own: what a client keeps of a call is not for several at a time.
    aws, seen = (open_aws(Where(environment=LOCAL), application.cluster, variables) for _ in range(2))
    tools = Tools(DockerCommand(), progress, RealPace(), EndingInterruption())
    for stand_in in told:
        progress.say(f"stands in for {stand_in.text()}")
    live = script.live
    made = make_balancers(aws.service("elbv2"), wanted_pairs(application, live.groups if live else {}))
    old, application = with_balancers(old, made), with_balancers(application, made)
    options = _first_options(script, old), _new_options(script, lodged)
    if not script.simulated:
        needed = (*images_needed(old, options[0].images), *images_needed(application, options[1].images))
        elsewhere = [image for image in needed if not image.startswith(lodged.registry_address)]
        pull_ahead(elsewhere, script.login, progress)
    report = Report(engine=script.wanted.engine, speed=script.speed, stand_ins=told)
    progress.say(f"the first version{f', {live.revision} of AWS' if live else ''}:")
    first = deploy(first_version(old), aws, tools, options[0])
    report = replace(report, first=_without_urls(first))
    if first.exit_code != 0:
        return report
    progress.say("the new version:")
    witness = Witness(
        seen,
        Watched(application.service_name, is_checked(application)),
        progress,
        lodged.break_it,
    )
    prober = None if script.simulated else _prober(application, first)
    breaking = _breaking(script, application, str(first.revision_after))
    with witness.watching(breaking), prober.asking() if prober else nullcontext():
        new = release_application(
            with_faults(application, script.faults, simulated=script.simulated),
            aws,
            tools,
            options[1],
            ReleaseWishes(),
        )
        ended_s = witness.now_s()
        if witness.blows:
            progress.now("waiting until the service is well again")
            witness.wait_for_rest(RECOVERY_LIMIT_S)
    if prober is not None:
        report = replace(report, requests=prober.made())
    return _reported(report, witness, _without_urls(new), ended_s)


def _prober(application: Application, first: Outcome) -> Prober | None:
    """At the path that its health check asks, which a good task answers."""
    path = application.load_balancer.health_check.path if application.load_balancer else "/"
    plain = [url for url in first.urls if url.startswith("http://")]
    return Prober(plain[0].rstrip("/") + path) if plain else None


def _versions(script: Script) -> tuple[Application, Application, tuple[StandIn, ...]]:
    """The first version, the new one, and what stands in for what exists only in AWS."""
    live, application = script.live, everything_made(script.application)
    groups = told_of_groups(application, live.groups if live else {})
    if live is not None:
        application = with_live_count(application, live)
    old = application if live is None else live_version(application, live)
    application, told = stood_in(application, script.secrets)
    application, left_out = without_hooks(application)
    told += left_out
    old, told_of_old = stood_in(old, script.secrets)
    if script.simulated:
        application, left_out = without_tasks_around(application)
        told += left_out
        old, application = (with_usual_times(one, script.speed) for one in (old, application))
    return old, application, tuple(dict.fromkeys((*told, *told_of_old, *groups)))


def _reported(report: Report, witness: Witness, new: Outcome, ended_s: float) -> Report:
    assert witness.breaking is not None
    looks = tuple(witness.looks)
    blows = tuple((at_s, str(blow.fault), blow.text) for at_s, blow in witness.blows)
    return replace(
        report,
        new=new,
        blows=blows,
        never_came=tuple(str(fault) for fault in never_came(witness.breaking)),
        recoveries=recoveries([(at_s, fault) for at_s, fault, _ in blows], looks),
        below_minimum_s=below_minimum_s(looks),
        timeline=timeline(
            f"{new.service}: {new.verdict.value}", looks, marks_of(blows, new.verdict, ended_s)
        ),
    )


def _breaking(script: Script, application: Application, old: str) -> Breaking:
    return Breaking(
        faults=script.faults,
        old=old,
        container=essential(application.task_definition),
        kills=not script.simulated,
    )


def _first_options(script: Script, old: Application) -> DeployOptions:
    options = script.options
    images = dict(script.first_images)
    if script.first_tag is not None:
        for container in old.task_definition["containerDefinitions"]:
            name = container["name"]
            if name not in old.images and name not in images:
                images[name] = with_tag(container["image"], script.first_tag)
    first = DeployOptions(tag=script.first_tag or options.tag, images=images, timeout_s=options.timeout_s)
    return _for_engine(script, old, first)


def _new_options(script: Script, lodged: Lodging) -> DeployOptions:
    options = script.options
    if not script.simulated:
        missing = missing_images(script.application, script.faults, lodged.registry_address)
        options = replace(options, images={**options.images, **missing})
    return _for_engine(script, script.application, options)


def _without_urls(outcome: Outcome) -> Outcome:
    """They will answer no more when this is read."""
    return replace(outcome, urls=())


def _for_engine(script: Script, application: Application, options: DeployOptions) -> DeployOptions:
    if not script.simulated:
        return options
    return replace(options, images=unbuilt_images(application, dict(options.images)))
