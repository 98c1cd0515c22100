"""What a plan was made upon, piece by piece, so that it can be told where the world moved since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from shipway.deploy.planning.images_seen import ImageSeen
from shipway.deploy.planning.references import short
from shipway.deploy.planning.release import ONLY_AT_BIRTH, UNSEEN, Seen, Wanted, live_member
from shipway.deploy.planning.secrets_seen import SecretSeen

Basis = dict[str, str]

NONE = "none"


def basis_of(
    wanted: Wanted, seen: Seen, images: tuple[ImageSeen, ...], secrets: tuple[SecretSeen, ...]
) -> Basis:
    live = seen.service or {}
    asked = [key for key in sorted(wanted.service) if key not in (*ONLY_AT_BIRTH, *UNSEEN)]
    group = seen.balancer.target_group or {}
    return {
        "the cluster": wanted.cluster,
        "the service": wanted.service_name,
        "what is wanted": _digest((wanted.task_definition, wanted.service, repr(wanted.balancer))),
        "the task definition in use": short(str(live.get("taskDefinition") or NONE)),
        "the service deployment in progress": short(str(live.get("currentServiceDeployment") or NONE)),
        **{f"service.{key}": _value(live_member(live, key)) for key in asked},
        "the target group": _digest((group, seen.balancer.target_group_attributes)) if group else NONE,
        "the listeners": _digest(seen.balancer.listeners) if seen.balancer.listeners else NONE,
        **{f"the image of {image.container}": image.digest or NONE for image in images},
        **{f"the secret {secret.source}": secret.version or NONE for secret in secrets},
    }


def moved(planned: Basis, now: Basis) -> tuple[str, ...]:
    """A phrase for each piece that is another than it was."""
    return tuple(_phrases(planned, now))


def _phrases(planned: Basis, now: Basis) -> Iterator[str]:
    for piece in dict.fromkeys((*planned, *now)):
        before, after = planned.get(piece, NONE), now.get(piece, NONE)
        if before == after:
            continue
        yield f"{piece} is another" if DIGEST in before + after else f"{piece} was {before}, is {after}"


DIGEST = "digest "


def _digest(value: Any) -> str:
    return DIGEST + hashlib.sha256(_value(value).encode()).hexdigest()


def _value(value: Any) -> str:
    return NONE if value is None else json.dumps(value, sort_keys=True, default=str)
