"""What ends with a verdict, and what ends before there is one."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.verification.finding import Severity


class ErrorDocument(Struct, frozen=True, kw_only=True, rename="camel", tag_field="verdict", tag="error"):
    """The verb could not be carried out. `sentence` says what, where, why and what to do."""

    sentence: str
    exit_code: int
    details: tuple[str, ...]


class Cause(Struct, frozen=True, kw_only=True, rename="camel"):
    """A finding of the post-mortem: tasks that failed for the same cause."""

    cause: Annotated[str, Meta(description="its kind: image_pull, resources, placement, start, crash, ...")]
    code: Annotated[str, Meta(description="never changes its meaning; see `shipway explain CODE`")]
    sentence: str
    advice: str
    container: str | None
    exit_code: int | None
    tasks: tuple[str, ...]
    ecs_says: str | None
    log_lines: tuple[str, ...]


class OutcomeDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a deployment, or another change of a service, came to."""

    verdict: Annotated[Verdict, Meta(description="each has an exit code of its own")]
    sentence: str
    exit_code: int
    cluster: str
    service: str
    service_deployment_arn: str | None
    task_definition_before: str | None
    task_definition_after: str | None
    images: Annotated[dict[str, str], Meta(description="by container, as the task definition has them")]
    urls: tuple[str, ...]
    task_arns: Annotated[tuple[str, ...], Meta(description="tasks that are meant to run")]
    console_url: Annotated[str | None, Meta(description="null on local ECS")]
    duration_ms: int
    details: Annotated[tuple[str, ...], Meta(description="last log lines of a task that failed around it")]
    findings: Annotated[tuple[Cause, ...], Meta(description="why it failed, the likeliest first")]
    changes: Annotated[tuple[str, ...], Meta(description="since the last revision that was deployed well")]
    plan: Annotated[tuple[str, ...] | UnsetType, Meta(description="of a dry run")] = UNSET


class ReleaseDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a release of several services came to."""

    verdict: Annotated[Verdict, Meta(description="that of the worst of the services")]
    sentence: str
    exit_code: int
    cluster: str
    duration_ms: int
    services: Annotated[dict[str, OutcomeDocument], Meta(description="by their names in shipway.yml")]


class PostMortemDocument(Struct, frozen=True, kw_only=True):
    """Why tasks failed, the likeliest cause first, and what changed since it last went well."""

    findings: tuple[Cause, ...]
    changes: tuple[str, ...]
    unread: Annotated[tuple[str, ...], Meta(description="evidence that could not be read, and why")]


class ServiceTroubleDocument(Struct, frozen=True, kw_only=True):
    """One service that is not well. The members of its cause are null where none was found."""

    service: str
    state: Annotated[str, Meta(description="down, failed, short (of tasks) or failing")]
    running: int
    desired: int
    code: str | None
    sentence: str | None
    advice: str | None
    tasks: Annotated[tuple[str, ...], Meta(description="that failed for this cause since it was well last")]


class LooseTasksDocument(Struct, frozen=True, kw_only=True):
    """Tasks of no service that failed for one cause."""

    group: Annotated[str, Meta(description="their task definition, family:revision")]
    code: str
    sentence: str
    advice: str
    tasks: tuple[str, ...]


class ClusterTroubleDocument(Struct, frozen=True, kw_only=True):
    """Of `why --all`: what is not well in a cluster, the worst first."""

    cluster: str
    services: tuple[ServiceTroubleDocument, ...]
    deploying: Annotated[tuple[str, ...], Meta(description="under way, with nothing known against them")]
    well: Annotated[int, Meta(description="how many services")]
    tasks: tuple[LooseTasksDocument, ...]
    unread: Annotated[tuple[str, ...], Meta(description="evidence that could not be read, and why")]


class Finding(Struct, frozen=True, kw_only=True):
    """`code` never changes its meaning; `shipway explain CODE` tells more."""

    code: str
    severity: Severity
    place: Annotated[str, Meta(description="file:line, empty when it stands in no file")]
    key: str
    sentence: str
    todo: str


class VerificationDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """What would go wrong, the worst first."""

    verdict: Annotated[str, Meta(description="passed or refused")]
    exit_code: int
    findings: tuple[Finding, ...]


class VerificationsDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """Of every service of a file."""

    verdict: Annotated[str, Meta(description="passed or refused")]
    exit_code: int
    services: Annotated[dict[str, VerificationDocument], Meta(description="by their names in shipway.yml")]


class CodeListed(Struct, frozen=True, kw_only=True):
    """One code of `shipway verify` or `shipway why`."""

    code: str
    severity: Annotated[str, Meta(description="refuse, warn or note of `verify`; cause of `why`")]
    title: str


class CodePage(Struct, frozen=True, kw_only=True):
    """What a code means and what to do."""

    code: str
    page: str


class PolicyDocument(Struct, frozen=True, kw_only=True):
    """An IAM policy, as `aws iam put-role-policy` takes it."""

    Version: str
    Statement: tuple[dict[str, Any], ...]
