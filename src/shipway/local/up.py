"""`shipway local up`: settles the settings, starts the control plane, waits until it answers."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from shipway.local.errors import LocalError, LocalUsageError
from shipway.local.folder import DataFolder, default_folder, find_folder, private, temporary_folder
from shipway.local.ready import ReadyWord
from shipway.local.settings import INSTANCES_MAX, SPEED_MAX, Endpoint, LocalSettings, new_installation
from shipway.local.status import LoadBalancerUrl, read_load_balancer_urls

READY_DEADLINE_S = 180.0  # of which the first download of a registry image may take most
POLL_S = 0.05


class UpOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for; None means: as before, or the default."""

    data: str | None = None
    ephemeral: bool = False
    port: int | None = None
    instances: int | None = None
    region: str | None = None
    cpu: int | None = None
    memory_mib: int | None = None
    speed: float | None = None
    engine: str | None = None

    def changes(self) -> dict[str, int | float | str]:
        names = ("port", "instances", "region", "cpu", "memory_mib", "speed", "engine")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class Running(msgspec.Struct, frozen=True):
    """A local ECS that answers; `already` when it did before."""

    endpoint: Endpoint
    settings: LocalSettings
    already: bool
    load_balancers: tuple[LoadBalancerUrl, ...] = ()


def check(options: UpOptions) -> None:
    if options.ephemeral and options.data:
        raise LocalUsageError(
            "--ephemeral makes a folder of its own and removes it at `down`: leave out --data."
        )
    if options.port is not None and not 1 <= options.port <= 65534:
        raise LocalUsageError(
            f"--port must be from 1 to 65534 (the registry takes the next), not {options.port}."
        )
    if options.instances is not None and not 1 <= options.instances <= INSTANCES_MAX:
        raise LocalUsageError(f"--instances must be from 1 to {INSTANCES_MAX}, not {options.instances}.")
    if options.speed is not None and not 1 <= options.speed <= SPEED_MAX:
        raise LocalUsageError(f"--speed must be from 1 to {SPEED_MAX}, not {options.speed:g}.")
    for name, value in (("--cpu", options.cpu), ("--memory", options.memory_mib)):
        if value is not None and value < 128:
            raise LocalUsageError(f"{name} must be at least 128, not {value}.")


def already_running(options: UpOptions, environment: Mapping[str, str]) -> Running | None:
    """An installation that runs is what `up` wants, unless other figures were asked for."""
    folder = find_folder(options.data, environment)
    if folder.running_pid() is None:
        return None
    endpoint, settings = wait_until_said(folder), folder.read_settings()
    assert settings is not None, f"{folder.path} is in use but has no settings.json"
    refuse_other_engine(options, folder, settings)
    differing = {name: value for name, value in options.changes().items() if getattr(settings, name) != value}
    if differing:
        now = ", ".join(f"{name.removesuffix('_mib')} {getattr(settings, name)}" for name in differing)
        raise LocalError(
            f"Local ECS runs already, with {now} ({endpoint.endpoint_url}). "
            "To change that: `shipway local down`, then `shipway local up` again."
        )
    return Running(endpoint, settings, already=True, load_balancers=read_load_balancer_urls(endpoint))


def refuse_other_engine(options: UpOptions, folder: DataFolder, kept: LocalSettings) -> None:
    if options.engine not in (None, kept.engine):
        raise LocalError(
            f"The data in {folder.path} is of the engine {kept.engine}, and so are its tasks. "
            f"Name another folder for {options.engine} with --data, "
            "or start afresh with `shipway local reset`."
        )


def wait_until_said(folder: DataFolder) -> Endpoint:
    """Somebody else's `up` may be on its way: its endpoint appears when it answers."""
    deadline = time.monotonic() + READY_DEADLINE_S
    while time.monotonic() < deadline:
        endpoint = folder.read_endpoint()
        pid = folder.running_pid()
        if endpoint is not None and endpoint.pid == pid:
            return endpoint
        if pid is None:
            break
        time.sleep(POLL_S)
    raise LocalError(f"The local ECS in {folder.path} did not become ready. See {folder.log_file}.")


class Prepared(msgspec.Struct, frozen=True):
    """The data folder, the settings as they are now written, and those to go back to if nothing comes up."""

    folder: DataFolder
    settings: LocalSettings
    before: LocalSettings

    def take_back(self) -> None:
        """A port that was taken is not the one to try next time."""
        self.folder.write_settings(self.before)


def prepare(options: UpOptions, environment: Mapping[str, str]) -> Prepared:
    """Kept settings, with what was asked for laid over."""
    if options.ephemeral:
        folder = temporary_folder()
    else:
        folder = DataFolder(
            Path(options.data).expanduser().absolute() if options.data else default_folder(environment)
        )
    folder.create()
    kept = folder.read_settings()
    if kept is not None and options.region not in (None, kept.region):
        raise LocalError(
            f"The data in {folder.path} is of region {kept.region}, and ARNs do not change. "
            f"Name another folder for {options.region} with --data, "
            "or start afresh with `shipway local reset`."
        )
    if kept is not None:
        refuse_other_engine(options, folder, kept)
    before = kept or LocalSettings(installation=new_installation(), ephemeral=options.ephemeral)
    settings = msgspec.structs.replace(before, **options.changes())
    folder.write_settings(settings)
    folder.ensure_credentials()
    return Prepared(folder, settings, before)


def start(options: UpOptions, environment: Mapping[str, str]) -> Running:
    """Returns when everything answers. A second `up` finds the first."""
    check(options)
    running = already_running(options, environment)
    if running is not None:
        return running
    prepared = prepare(options, environment)
    folder, settings = prepared.folder, prepared.settings
    try:
        word = launch(folder)
    except BaseException:
        prepared.take_back()
        raise
    endpoint = folder.read_endpoint()
    if word.error is not None or endpoint is None:
        prepared.take_back()
        if settings.ephemeral and folder.crash_file.stat().st_size == 0:  # else the error points there
            folder.remove()
        raise LocalError(
            word.error or f"The control plane ended as soon as it was ready. See {folder.log_file}."
        )
    if settings.ephemeral:
        leave_word(endpoint, environment)
    urls = read_load_balancer_urls(endpoint) if word.load_balancers else ()
    return Running(endpoint, settings, already=False, load_balancers=urls)


def run_in_foreground(
    options: UpOptions, environment: Mapping[str, str], say: Callable[[Running], None]
) -> None:
    """The control plane in this process, until Ctrl-C; then all is taken down as `down` does."""
    from shipway.local import control_plane, down

    check(options)
    running = already_running(options, environment)
    if running is not None:
        raise LocalError(
            f"Local ECS runs already in the background, at {running.endpoint.endpoint_url}. "
            "End it first with `shipway local down`."
        )
    prepared = prepare(options, environment)
    folder, settings = prepared.folder, prepared.settings
    control_plane.log_to(folder, also_to_terminal=True)
    came_up = False

    def ready(word: ReadyWord) -> None:
        nonlocal came_up
        came_up = True
        endpoint = folder.read_endpoint()
        assert endpoint is not None
        if settings.ephemeral:
            leave_word(endpoint, environment)
        say(Running(endpoint, settings, already=False))

    try:
        control_plane.run(folder, ready)
    finally:
        if not came_up:
            prepared.take_back()
        down.stop(str(folder.path), environment)


def leave_word(endpoint: Endpoint, environment: Mapping[str, str]) -> None:
    """The deploy half and the other verbs find an ephemeral installation through the default folder."""
    usual = DataFolder(default_folder(environment))
    usual.create()
    usual.write_endpoint(endpoint)


def launch(folder: DataFolder) -> ReadyWord:
    """Starts the control plane in a session of its own and waits for its word."""
    read_end, write_end = os.pipe()
    command = [sys.executable, "-m", "shipway.local.control_plane"]
    options = ["--data", str(folder.path), "--ready-fd", str(write_end)]
    with open(folder.crash_file, "wb", opener=private) as crash:
        process = subprocess.Popen(
            command + options,
            stdin=subprocess.DEVNULL,
            stdout=crash,
            stderr=crash,
            start_new_session=True,
            pass_fds=[write_end],
        )
    os.close(write_end)
    try:
        return wait_for_word(read_end, process, folder)
    except BaseException:  # Ctrl-C while waiting: nothing half-started stays
        process.terminate()
        process.wait()
        raise
    finally:
        os.close(read_end)


def wait_for_word(read_end: int, process: subprocess.Popen[bytes], folder: DataFolder) -> ReadyWord:
    readable, _, _ = select.select([read_end], [], [], READY_DEADLINE_S)
    if not readable:
        process.terminate()
        return ReadyWord(
            error=f"The control plane was not ready within {READY_DEADLINE_S:g} s. See {folder.log_file}."
        )
    line = b""
    while not line.endswith(b"\n") and (part := os.read(read_end, 65536)):
        line += part
    word = msgspec.json.decode(line, type=ReadyWord) if line else None
    if word is not None and word.error is None:
        return word
    process.wait()
    if word is not None:
        return word
    words = folder.crash_file.read_text(errors="replace").strip().splitlines()
    said = words[-1] if words else f"exit code {process.returncode}"
    return ReadyWord(error=f"The control plane ended before it was ready: {said}. See {folder.crash_file}.")
