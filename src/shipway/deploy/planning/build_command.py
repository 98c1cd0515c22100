"""The command that builds an image: BuildKit's where buildx is installed, the classic builder's otherwise."""

from __future__ import annotations

from shipway.deploy.errors import DeployError
from shipway.deploy.planning.actions import BuildImage

INSTALL_BUILDX = "Install Docker's buildx plugin (`docker buildx version` must answer), or leave the key out."


def build_command(action: BuildImage, folder: str, *, buildx: bool) -> list[str]:
    """All but where the image goes and the context. No value of an argument or secret is in it."""
    if not buildx:
        _refuse_buildkit_keys(action)
    # --force-rm: a step that fails would leave its container behind (BuildKit has none to leave).
    command = ["docker", "buildx", "build"] if buildx else ["docker", "build", "--force-rm"]
    if action.dockerfile:
        command += ["-f", f"{folder}/{action.context}/{action.dockerfile}"]
    if action.target:
        command += ["--target", action.target]
    if action.platform:
        command += ["--platform", action.platform]
    for name, _ in action.args:
        command += ["--build-arg", name]
    for secret in action.secrets:
        source = f"env={secret.env}" if secret.env else f"src={folder}/{secret.file}"
        command += ["--secret", f"id={secret.id},{source}"]
    for source in action.cache_from:
        command += ["--cache-from", source]
    for target in action.cache_to:
        command += ["--cache-to", target]
    return command


def several_platforms(action: BuildImage) -> bool:
    """Docker Engine has no place for such an image: it stays in the build cache until the push."""
    return "," in (action.platform or "")


def _refuse_buildkit_keys(action: BuildImage) -> None:
    wanted = {
        "secrets": bool(action.secrets),
        "cache_to": bool(action.cache_to),
        "platform": several_platforms(action),
    }
    for key, used in wanted.items():
        if used:
            what = "several platforms need" if key == "platform" else "needs"
            raise DeployError(f"images.{action.container}.{key}: {what} BuildKit. {INSTALL_BUILDX}")
