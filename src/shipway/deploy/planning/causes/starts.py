"""Containers that cannot be created or started."""

from __future__ import annotations

from shipway.deploy.planning.causes.texts import Text

NOT_APPLIED = "is not supported by local ECS yet (docs/fidelity.md)"

LOCAL_ONLY = (
    Text(
        "SC419",
        r"(?P<named>.*) is not supported by local ECS yet",
        "local ECS does not apply this yet, and drops nothing in silence: {named}",
        "Leave it out for this environment (environments.local in shipway.yml).",
    ),
)

DEPENDENCIES = (
    Text(
        "SC409",
        r"dependency \[(?P<blamed>[^\]]+)\] for target \[(?P<waits>[^\]]+)\].*timed out",
        "container {waits} was not started: {blamed} did not come so far within its startTimeout",
        "See why {blamed} takes so long (its health check, its logs), or raise its startTimeout.",
    ),
    Text(
        "SC408",
        r"dependency \[(?P<blamed>[^\]]+)\] for target \[(?P<waits>[^\]]+)\].*did not exit successfully",
        "container {waits} was not started: {blamed} had to succeed first (dependsOn SUCCESS) and did not",
        "Its logs and exit code say why {blamed} failed.",
    ),
    Text(
        "SC410",
        r"dependency \[(?P<blamed>[^\]]+)\] for target \[(?P<waits>[^\]]+)\]",
        "container {waits} was not started: {blamed}, which it depends on, ended or never started",
        "See why {blamed} ended; while it must be HEALTHY it has to keep running.",
    ),
    Text(
        "SC411",
        r"TaskDependencyError|dependencies cannot be resolved",
        "the containers' dependsOn can never be fulfilled: {text}",
        "Correct dependsOn: no circles, no missing names, and a health check where HEALTHY is asked for.",
    ),
)

COMMANDS = (
    Text(
        "SC401",
        r"exec: \"?(?P<program>[^\":]+)\"?: .*?(?:executable file not found|no such file or directory)",
        "the command {program}{of_container} is not in the image",
        "Correct entryPoint or command, or put {program} into the image.",
    ),
    Text(
        "SC402",
        r"exec: \"?(?P<program>[^\":]+)\"?: .*?(?:permission denied|is a directory)",
        "the command {program}{of_container} may not be executed",
        "Make it executable in the image (chmod +x), or name a program rather than a folder.",
    ),
    Text(
        "SC403",
        r"exec format error",
        "the command{of_container} is built for another kind of processor, or a script without #!",
        "Build the image for the instance's platform, or begin the script with #!.",
    ),
    Text(
        "SC404",
        r"unable to find (?:user|group) (?P<user>[^:]+):",
        "the user or group {user}{of_container} is not in the image",
        "Correct `user`, or create the user in the image.",
    ),
    Text(
        "SC405",
        r"chdir to cwd \(?\"?(?P<folder>[^\")]+)|Cannot mkdir: (?P<other>\S+) is not a directory",
        "the working directory {folder}{other}{of_container} cannot be entered",
        "Correct workingDirectory, or create it in the image for the container's user.",
    ),
)

MACHINE = (
    Text(
        "SC406",
        r"Bind for [\d.:\[\]]*:(?P<port>\d+) failed|listen \w+ \S*?:(?P<other>\d+): bind"
        r"|port is already allocated"
        r"|address already in use",
        "port {port}{other} of the container instance is in use already",
        "Use a dynamic host port (hostPort 0) or another port, or end what holds it.",
    ),
    Text(
        "SC407",
        r"bind source path does not exist: (?P<path>\S+)",
        "the folder {path} that is to be mounted{in_container} is not on the container instance",
        "Create it there, or correct the volume's sourcePath.",
    ),
    Text(
        "SC407",
        r"error mounting \"?(?P<path>[^\"\s]+)|mount(?:ing)? .*not a directory|invalid mount config"
        r"|mount path",
        "a volume cannot be mounted{in_container}: {text}",
        "Correct the mount point: its source and containerPath must both be folders (or both files).",
    ),
    Text(
        "SC412",
        r"select device driver|nvidia-container|could not find .*GPU|no such device"
        r"|error gathering device information",
        "a device{of_container} is not on the container instance: {text}",
        "Place the task on instances that have it, with its driver installed.",
    ),
    Text(
        "SC413",
        r"Minimum memory limit|minimum memoryswap|memory reservation.*(?:larger|smaller)",
        "the memory{of_container} is set to what Docker does not take: {text}",
        "Correct memory and memoryReservation; Docker takes no less than 6 MiB.",
    ),
    Text(
        "SC106",
        r"no space left on device",
        "the disk of the container instance is full",
        "Make room on it (old images and containers), or give it a larger volume.",
    ),
    Text(
        "SC414",
        r"DockerTimeoutError|timed out after waiting",
        "Docker on the container instance did not answer in time: {text}",
        "The instance is overloaded or its Docker hangs: look at its load and disk, or replace it.",
    ),
    Text(
        "SC415",
        r"network interface|\bENI\b|ENI attach",
        "the task's network interface could not be made: {text}",
        "It may come by itself. See that the subnets have free addresses, that the instance has a free "
        "interface, and that EC2's quotas are not reached.",
    ),
    Text(
        "SC416",
        r"TaskStateError|ContainerVanishedError|DockerStateError|CannotInspect|CannotStopContainer|CannotRemove"
        r"|No container matching saved ID|ImpossibleStateTransition",
        "the agent of the container instance lost the container{of_container}: {text}",
        "Somebody or something removed it beside ECS, or Docker failed: look at the instance, or replace it.",
    ),
    Text(
        "SC418",
        r"CannotCreateContainerError|HostConfigError|CannotCreateVolume|InvalidVolume|DockerClientConfig",
        "the container{of_container} cannot be created: {text}",
        "Correct what it names in the container's definition.",
    ),
)

UNKNOWN_START = (Text("SC499", r"", "the task failed to start: {text}", "Correct what it names."),)

STARTS = (*LOCAL_ONLY, *DEPENDENCIES, *COMMANDS, *MACHINE)
