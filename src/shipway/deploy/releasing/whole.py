"""A release: several services of one file, in order and side by side, to a verdict each and one for all."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace

from shipway.deploy.application.application import Application
from shipway.deploy.application.release_file import Release
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.deployment import deploy
from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError
from shipway.deploy.events import Ended, ReleaseEnded
from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.images import ecr_repositories
from shipway.deploy.planning.references import repository_name
from shipway.deploy.planning.release_order import next_services
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.releasing.containers import options_of, refuse_unknown_containers
from shipway.deploy.releasing.hooks import notified
from shipway.deploy.releasing.locking import Held, locked
from shipway.deploy.releasing.one_service import (
    BUILDING_S,
    ReleaseWishes,
    about_release,
    hook_run,
    release_application,
)
from shipway.deploy.releasing.release_outcome import ReleaseOutcome
from shipway.deploy.releasing.side_by_side import SharedBuilds, SharedInterruption, SharedProgress
from shipway.deploy.releasing.steps import Steps, roll_back
from shipway.deploy.releasing.verified import refused_by_verify
from shipway.deploy.tools import Tools
from shipway.deploy.wanted import wished_images


def release_all(
    release: Release, open_aws: Callable[[], Aws], tools: Tools, options: DeployOptions, wishes: ReleaseWishes
) -> Outcome | ReleaseOutcome:
    """Deploy all services of the release; without `services:` in its file it is one deployment. Every thread
    opens AWS for itself: what a boto3 client keeps of a call is not for several at a time.
    """
    aws = open_aws()
    if not release.several:
        return release_application(release.first, aws, tools, options, wishes)
    started_ms = tools.pace.now_ms()
    refuse_unknown_containers(release, options)
    names = tuple(one.service_name for one in release.applications.values())
    lasting_s = options.timeout_s * len(names) + BUILDING_S
    if options.dry_run:
        outcomes = _Running(release, open_aws, tools, options, wishes, Held(aws, names, "", tools)).run()
    elif wishes.verify and (refused := _refused(release, aws, tools, options)):
        outcomes = refused
    else:
        with locked(aws, names, wishes.lock, tools, lasting_s) as held:
            running = _Running(release, open_aws, tools, options, wishes, held)
            about = about_release(release.first, names, wishes)
            outcomes = notified(release.first, tools, about, running.whole).outcomes
    outcomes = {name: outcomes[name] for name in release.applications}
    outcome = ReleaseOutcome(aws.ecs.cluster, outcomes, tools.pace.now_ms() - started_ms)
    tools.progress.tell(ReleaseEnded(outcome))
    return outcome


class _Running:
    """The deployments under way, and what became of those that are over."""

    def __init__(
        self,
        release: Release,
        open_aws: Callable[[], Aws],
        tools: Tools,
        options: DeployOptions,
        wishes: ReleaseWishes,
        held: Held,
    ) -> None:
        self.release = release
        self.open_aws = open_aws
        self.tools = tools
        self.options = options
        self.wishes = wishes
        self.held = held
        self.roll_back_all = wishes.roll_back_all or any(
            one.on_failure == "roll_back_all" for one in release.applications.values()
        )
        tools.progress.of_several()
        self.interruption = SharedInterruption()
        self.progress = SharedProgress(tools.progress, self.interruption, tools.interruption)
        docker = SharedBuilds(tools.docker)
        self.shared = replace(tools, docker=docker, progress=self.progress, interruption=self.interruption)

    def before_all(self) -> None:
        """What is done once, before the first service is begun."""
        aws, first = self.held.aws, self.release.first
        _make_shared_repositories(self.release, aws, self.tools, self.options)
        hooks = hook_run(first, aws, self.tools, self.wishes)
        hooks.before("before_build", SHIPWAY_SERVICE=",".join(self.held.services))

    def whole(self) -> ReleaseOutcome:
        """All of them, and the way back where it is wished for."""
        self.before_all()
        with self.tools.interruption.held():
            outcomes = self.run()
        if self.roll_back_all and any(_failed(one) for one in outcomes.values()):
            outcomes = self._rolled_back(outcomes)
        return ReleaseOutcome(self.held.aws.ecs.cluster, outcomes)

    def run(self) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        under_way: dict[Future[Outcome], str] = {}
        at_a_time = self._at_a_time()
        with ThreadPoolExecutor(at_a_time, "shipway-deploy") as pool:
            while True:
                verdicts = {name: one.verdict for name, one in outcomes.items()}
                known = {**dict.fromkeys(under_way.values()), **verdicts}
                following = next_services(self.release.needs, known, stop=self.roll_back_all)
                for name, reason in following.leave:
                    outcomes[name] = self._left(name, f"{reason}.")
                for name in following.begin[: at_a_time - len(under_way)]:
                    if self.interruption.leaving:
                        outcomes[name] = self._left(name, "the release was interrupted.")
                    else:
                        under_way[pool.submit(self._one, name)] = name
                if not under_way and not following.leave and not following.begin:
                    return outcomes
                for future in self._ended(under_way):
                    outcomes[under_way.pop(future)] = future.result()

    def _at_a_time(self) -> int:
        """A cluster that is yet to be made is made by one of them."""
        there = self.held.aws.ecs.cluster_described() is not None
        return max(1, self.release.first.parallel) if there else 1

    def _ended(self, under_way: dict[Future[Outcome], str]) -> list[Future[Outcome]]:
        """Wait for the next to end; Ctrl-C is asked about here, and answered to all."""
        while under_way:
            if self.interruption.asked() in ("detach", "leave"):
                # They end by themselves at once.
                return list(wait(under_way, return_when=FIRST_COMPLETED).done)
            try:
                with self.tools.interruption.opened():
                    return list(wait(under_way, return_when=FIRST_COMPLETED).done)
            except KeyboardInterrupt:
                self.tools.progress.close()
                self.interruption.answered(self.tools.interruption.asked())
        return []

    def _one(self, name: str) -> Outcome:
        """In a thread of its own; whatever stops it is its verdict."""
        self.interruption.begin()
        application = self.release.applications[name]
        try:
            aws = self.open_aws()
            lane = replace(self.shared, progress=self.progress.lane(name))
            tools = lane.of_service(application.service_name, aws)
            hooks = hook_run(application, aws, tools, self.wishes)
            gate = Steps(application, aws, tools, self.options, self.held.by(aws), hooks)
            with hooks.told_of_failure():
                return deploy(application, aws, tools, options_of(application, self.options), gate)
        except DeployError as error:
            interrupted = error.exit_code == Verdict.INTERRUPTED.exit_code
            verdict = Verdict.INTERRUPTED if interrupted else Verdict.ERROR
            outcome = replace(nothing(application, verdict, error.sentence), details=error.details)
        except KeyboardInterrupt:
            sentence = "interrupted before the service was touched."
            outcome = nothing(application, Verdict.INTERRUPTED, sentence)
        finally:
            self.progress.over(name)
        self._told(outcome)
        return outcome

    def _left(self, name: str, sentence: str) -> Outcome:
        outcome = nothing(self.release.applications[name], Verdict.NOT_BEGUN, sentence)
        self._told(outcome)
        return outcome

    def _told(self, outcome: Outcome) -> None:
        with self.interruption.held():
            self.shared.progress.tell(Ended(outcome, service=outcome.service))

    def _rolled_back(self, outcomes: dict[str, Outcome]) -> dict[str, Outcome]:
        """The others as they were before, the last deployed first. A verdict that changes is told again."""
        failed = next(name for name, one in outcomes.items() if _failed(one))
        why = f"{failed} is {outcomes[failed].verdict.value}."
        taken_back = dict(outcomes)
        for name, outcome in reversed(outcomes.items()):
            if outcome.verdict is Verdict.DEPLOYED and outcome.service_deployment_arn is not None:
                taken_back[name] = self._taken_back(name, outcome, why)
                self._told(taken_back[name])
        return taken_back

    def _taken_back(self, name: str, outcome: Outcome, why: str) -> Outcome:
        if outcome.revision_before in (None, outcome.revision_after):
            sentence = f"{outcome.sentence} {why} There is no earlier revision to roll back to; it was left."
            return replace(outcome, sentence=sentence)
        aws = self.held.aws
        tools = self.tools.of_service(outcome.service, aws)
        outcome = roll_back(outcome, why, aws, tools, self.options.timeout_s)
        hook_run(self.release.applications[name], aws, tools, self.wishes).ended(outcome)
        return outcome


def _refused(release: Release, aws: Aws, tools: Tools, options: DeployOptions) -> dict[str, Outcome]:
    """Nothing of a release is begun when one of its services cannot succeed; empty when all may."""
    tools.progress.of_several()
    found = {}
    for name, application in release.applications.items():
        named = tools.of_service(application.service_name, aws)
        found[name] = refused_by_verify(application, aws, named, options_of(application, options))
    if not any(found.values()):
        return {}
    outcomes = {}
    for name, refused in found.items():
        left = nothing(
            release.applications[name], Verdict.NOT_BEGUN, "it was not begun: verify refused others."
        )
        outcomes[name] = refused or left
        tools.progress.tell(Ended(outcomes[name], service=outcomes[name].service))
    return outcomes


def _make_shared_repositories(release: Release, aws: Aws, tools: Tools, options: DeployOptions) -> None:
    """What several services push to is none's own to make, nor to unmake when one of them fails."""
    found: list[str] = []
    for application in release.applications.values():
        found += ecr_repositories(wished_images(application, options_of(application, options)))
    for repository in sorted(name for name in set(found) if found.count(name) > 1):
        name = repository_name(repository)
        if aws.ecr.repository_uri(name) is None:
            aws.ecr.create_repository(name)
            tools.progress.say(f"created the image repository {name}, for several services push to it")


def nothing(application: Application, verdict: Verdict, sentence: str) -> Outcome:
    return Outcome(verdict, sentence, application.cluster, application.service_name)


def _failed(outcome: Outcome) -> bool:
    """Left to itself, waiting or not begun is no reason to take the others back."""
    return outcome.verdict in (
        Verdict.ERROR,
        Verdict.ROLLED_BACK,
        Verdict.STOPPED,
        Verdict.TIMED_OUT,
        Verdict.SUPERSEDED,
    )
