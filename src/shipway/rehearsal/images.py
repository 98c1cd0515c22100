"""Images that this machine's Docker lacks, pulled before local ECS asks for them: with this machine's own
logins, and from ECR with AWS's where AWS is asked at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from shipway.deploy.application.application import Application
from shipway.deploy.edge.docker import logged_in
from shipway.deploy.edge.docker_process import captured
from shipway.deploy.edge.ecr import RegistryLogin
from shipway.deploy.edge.progress import Progress
from shipway.deploy.planning.references import ECR_ADDRESS, registry_address

Login = Callable[[], RegistryLogin]


def images_needed(application: Application, given: Mapping[str, str]) -> list[str]:
    """By containers whose images are not built here."""
    needed = []
    for container in application.task_definition["containerDefinitions"]:
        name = str(container["name"])
        if name in given:
            needed.append(given[name])
        elif name not in application.images:
            needed.append(str(container["image"]))
    return needed


def pull_ahead(references: Iterable[str], login: Login | None, progress: Progress) -> None:
    """What cannot be pulled is left to local ECS, whose tasks tell why in ECS's own words."""
    once = cache(login) if login is not None else None
    for reference in dict.fromkeys(references):
        if captured(["docker", "image", "inspect", "--format", "{{.Id}}", reference], None).returncode == 0:
            continue
        progress.now(f"pulling {reference}")
        in_ecr = ECR_ADDRESS.match(registry_address(reference) or "")
        with logged_in(once() if once is not None and in_ecr else None) as environment:
            done = captured(["docker", "pull", "--quiet", reference], environment)
        if done.returncode == 0:
            progress.say(f"pulled {reference}")
        else:
            words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            progress.say(f"note: {reference} could not be pulled: {words[-1]}")
