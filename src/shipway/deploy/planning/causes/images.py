"""Images that cannot be pulled."""

from __future__ import annotations

import re

from shipway.deploy.planning.causes.texts import Text

PULL = re.compile(
    r"CannotPull|pull access denied|manifest unknown|manifest for .* not found|pull image"
    r"|can.t pull the image"
    r"|image Manifest",
    re.I,
)
UNREACHED = (
    r"request canceled|i/o timeout|context deadline exceeded|no such host|connection refused|dial tcp"
    r"|TLS handshake timeout|network is unreachable|connection issue|Check your (?:task )?network"
)

IMAGES = (
    Text(
        "SC102",
        r"not authorized to perform:? (?P<action>ecr[\w-]*:\w+)",
        "{the_image} may not be pulled: {action} is not allowed",
        "Allow {action} to {role}; a repository of another account must allow it in its policy too.",
    ),
    Text(
        "SC102",
        r"no basic auth credentials|authorization token has expired|unauthorized:|40[13] (?:Forbidden"
        r"|Unauthorized)"
        r"|authentication required|incorrect username or password|Check that the role has the permissions",
        "{the_image} may not be pulled: its registry asks for a login",
        "For ECR let {role} pull (ecr:GetAuthorizationToken, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer); "
        "for another registry name its login under repositoryCredentials.",
    ),
    Text(
        "SC105",
        r"toomanyrequests|pull rate limit|Too Many Requests",
        "{the_image} is not given out: its registry counts too many pulls",
        "Pull it from ECR (a pull through cache will do), or log in to the registry under "
        "repositoryCredentials.",
    ),
    Text(
        "SC103",
        r"(?:descriptor matching platform|no matching manifest for|no match for platform in manifest:?) "
        r"'?(?P<platform>[a-z]\w*/[\w/]+)?",
        "{the_image} has nothing for the platform {platform}",
        "Build it for that platform (`build.platforms` in shipway.yml, or docker buildx build --platform), "
        "or let runtimePlatform name the one it has.",
    ),
    Text(
        "SC106",
        r"no space left on device",
        "{the_image} does not fit on the disk of the container instance",
        "Make room on it (old images and containers), give it a larger volume, or raise ephemeralStorage.",
    ),
    Text(
        "SC107",
        r"invalid reference format|invalid image name|must be lowercase",
        "{the_image} is no valid image name",
        "Correct the name: REGISTRY/REPOSITORY:TAG in small letters.",
    ),
    Text(
        "SC104",
        UNREACHED,
        "the registry of {the_image} does not answer",
        "See that tasks reach it: a public address or a NAT gateway, or VPC endpoints for ecr.api, ecr.dkr "
        "and "
        "S3, and a security group that lets port 443 out.",
    ),
    Text(
        "SC101",
        r"manifest unknown|not found|does not exist|no such image|access to the resource is denied"
        r"|Check whether the image exists|failed to resolve ref",
        "{the_image} does not exist",
        "Push it under this name, or correct the name, tag or digest. "
        "A private registry may answer so, too, to who is not logged in.",
    ),
    Text(
        "SC108",
        r"",
        "{the_image} cannot be pulled: {text}",
        "Pull it by hand from where the task runs; the registry's own words say what it lacks.",
    ),
)
