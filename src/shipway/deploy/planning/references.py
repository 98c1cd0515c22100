"""Names taken apart: image references, ARNs, task ids."""

from __future__ import annotations

import re

# By how a region's name begins: what its ARNs have behind `arn:`.
PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "eusc-": "aws-eusc",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
}
# AWS's own domains, of all its partitions.
DOMAINS = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
)
ECR_ADDRESS = re.compile(rf"^\d{{12}}\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.({'|'.join(map(re.escape, DOMAINS))})$")
TAG = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")


def without_tag(image: str) -> str:
    """`registry:5000/name` of `registry:5000/name:tag@sha256:...`."""
    image = image.partition("@")[0]
    head, slash, last = image.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def with_tag(image: str, tag: str) -> str:
    return f"{without_tag(image)}@{tag}" if tag.startswith("sha256:") else f"{without_tag(image)}:{tag}"


def registry_address(repository: str) -> str | None:
    """The registry that a repository names, if it names one."""
    first, slash, _ = repository.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else None


def in_ecr(repository: str) -> bool:
    """A bare name means the account's own ECR."""
    address = registry_address(repository)
    return address is None or ECR_ADDRESS.match(address) is not None


def short(arn: str) -> str:
    """The last part of an ARN: a task's id, `family:revision`, a deployment's id."""
    return arn.rsplit("/", 1)[-1]


def shorter(arn: str) -> str:
    """A task's or instance's id, short enough to read aloud."""
    return short(arn)[:8]


def partition(region: str) -> str:
    """What an ARN of this region has behind `arn:`."""
    return next((found for start, found in PARTITIONS.items() if region.startswith(start)), "aws")


def repository_name(repository: str) -> str:
    """The name within the registry."""
    address = registry_address(repository)
    return repository if address is None else repository[len(address) + 1 :]


def image_names(reference: str) -> tuple[str, str | None]:
    """An image's tag (`latest` where none is written) and its digest, if it is pinned."""
    named, _, digest = reference.partition("@")
    return named.rsplit("/", 1)[-1].partition(":")[2] or "latest", digest or None
