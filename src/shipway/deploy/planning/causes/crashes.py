"""Containers that ended: by their exit code, and by what their last log lines tell of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from shipway.deploy.planning.causes.cause import Cause, Members
from shipway.deploy.planning.causes.stopped_task import StoppedTask

CRASHED = "SC501"
SEE_LOGS = "Its last log lines say why; correct the image or its configuration, and deploy again."
# Exit code -> code, what it means, what to do.
EXITS = {
    0: ("SC502", "", "Its command ended by itself; a service's container must keep running."),
    126: (
        "SC503",
        "the command is there but cannot be executed",
        "Make it executable in the image (chmod +x), or correct command and entryPoint.",
    ),
    127: (
        "SC504",
        "the command was not found in the image",
        "Correct command or entryPoint, or put the program into the image.",
    ),
    134: ("SC509", "it aborted (SIGABRT)", SEE_LOGS),
    137: (
        "SC506",
        "it was killed (SIGKILL): out of memory, or it did not end within its stopTimeout",
        "If nobody stopped it, raise its memory; else let it end on SIGTERM, or raise stopTimeout.",
    ),
    139: (
        "SC507",
        "it crashed with a segmentation fault",
        "A native library or the image's platform is at fault; run the image by hand with the same command.",
    ),
    143: (
        "SC508",
        "it was ended by SIGTERM",
        "Something inside the container ended it, for ECS did not; its last log lines may say what.",
    ),
}
# Code, pattern in the last log lines, what is said of it, what to do. The first that matches counts.
LOGGED = (
    (
        "SC511",
        r"Read-only file ?system|EROFS",
        "it wants to write to a read-only file system",
        "Give it a volume (or tmpfs) where it writes, or turn readonlyRootFilesystem off.",
    ),
    (
        "SC512",
        r"KeyError: ['\"](?P<a>[A-Z][A-Z0-9_]+)"
        r"|(?P<b>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|PORT)\S* (?:environment variable )?"
        r"(?:is )?(?:not set|unset|missing|undefined|required|must be set|parameter not set|unbound variable)"
        r"|(?P<c>[A-Z][A-Z0-9_]+): (?:parameter not set|unbound variable|parameter null or not set)"
        r"|(?:environment variable|env var) ['\"`$]?(?P<d>[A-Z][A-Z0-9_]+)",
        "it misses the environment variable {a}{b}{c}{d}",
        "Set it under environment or secrets of the container.",
    ),
    (
        "SC513",
        r"address (?:is )?already in use|EADDRINUSE",
        "the port that it listens on is in use already",
        "Two programs of the container, or of containers that share a network, listen on the same port.",
    ),
    (
        "SC515",
        r"exec format error",
        "its command is built for another kind of processor, or is a script without #!",
        "Build the image for the instance's platform (docker buildx build --platform), or begin the script "
        "with #!.",
    ),
    (
        "SC517",
        r"no space left on device|ENOSPC",
        "the disk is full",
        "Make room on the instance, write less, or raise ephemeralStorage.",
    ),
    (
        "SC519",
        r"OutOfMemoryError|heap out of memory|MemoryError\b|Cannot allocate memory|bad_alloc",
        "it has used up its memory",
        "Raise its memory, and its runtime's own limit (-Xmx, --max-old-space-size) if it has one.",
    ),
    (
        "SC516",
        r"(?:Connection|connect)\w* refused|ECONNREFUSED|could(?: not|n't) connect|no such host"
        r"|(?-i:ENOTFOUND)"
        r"|getaddrinfo"
        r"|Name or service not known|could not translate host name|bad address|ETIMEDOUT|connection timed out"
        r"|UnknownHostException|Temporary failure in name resolution",
        "another service that it needs does not answer",
        "See that the other service runs, that its name and port are right, and that security groups let it "
        "through.",
    ),
    (
        "SC514",
        r"permission denied|EACCES|Operation not permitted|EPERM",
        "it may not do something that it needs to",
        "See under which user it runs (`user`), who owns the file or volume, and which capabilities it has.",
    ),
    (
        "SC518",
        r"No such file or directory|(?-i:ENOENT)|ModuleNotFoundError|Cannot find module"
        r"|ClassNotFoundException"
        r"|error while loading shared libraries|ImportError",
        "a file or module is missing",
        "Put it into the image, or mount the volume that has it; its log names it.",
    ),
)


def out_of_memory(stopped: StoppedTask) -> Cause | None:
    container = next((found for found, text in stopped.told if "OutOfMemory" in text and found), None)
    if container is None:
        return None
    limit = _limit(stopped, container)
    return Cause(
        "SC505",
        f"container {container.get('name')} was killed for using more memory than it may{limit}",
        "Raise its memory, or make it use less.",
        container.get("name"),
        container.get("exitCode"),
    )


def _limit(stopped: StoppedTask, container: Members) -> str:
    definition = stopped.around.container(container.get("name"))
    memory = definition.get("memory") or stopped.around.definition.get("memory")
    return f" ({memory} MiB)" if memory else ""


def ended(stopped: StoppedTask) -> Cause | None:
    if stopped.stop_code != "EssentialContainerExited":
        return None
    container = first_to_end(stopped)
    if container is None:
        return Cause(CRASHED, "an essential container ended", "See its logs.")
    exit_code, name = int(container["exitCode"]), container.get("name")
    code, hint, advice = EXITS.get(exit_code, (CRASHED, "", SEE_LOGS))
    sentence = f"container {name} exits with code {exit_code}" + (f" ({hint})" if hint else "")
    return Cause(code, sentence, advice, name, exit_code)


def first_to_end(stopped: StoppedTask) -> Members | None:
    """SIGTERM and SIGKILL came to the others because the first one ended."""
    essential = [
        found
        for found in stopped.containers
        if found.get("exitCode") is not None
        and stopped.around.container(found.get("name")).get("essential", True)
    ]
    order = sorted(
        essential,
        key=lambda found: (found["exitCode"] in (143, 137), found["exitCode"] == 0, found.get("name", "")),
    )
    return order[0] if order else None


def by_log(cause: Cause, lines: Iterable[str]) -> Cause:
    """The same end, told by what the container wrote before it."""
    if cause.exit_code is None or cause.code == "SC505":
        return cause
    text = "\n".join(lines)
    for code, pattern, said, advice in LOGGED:
        found = re.search(pattern, text, re.IGNORECASE if code != "SC512" else 0)
        if found is not None:
            named = {name: value or "" for name, value in found.groupdict().items()}
            sentence = (
                f"container {cause.container} exits with code {cause.exit_code}: {said.format(**named)}"
            )
            return replace(cause, code=code, sentence=sentence, advice=advice)
    return cause
