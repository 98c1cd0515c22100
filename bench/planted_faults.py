"""How soon does the simulator notice a fault? Plants known ones in a copy of the source, one at a time.

`python -m bench.planted_faults` prints the table of docs/design/simulator.md: for each fault how many seeds
it took and which promise broke. Assertions are switched off in the copy, so that only what the simulator
watches counts.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from bench.capacity_faults import CAPACITY_FAULTS
from bench.fault import Fault

SOURCE = Path(__file__).parent.parent / "src" / "shipway"
SCHEDULER = "scheduler"
PATIENCE_S = 900


class Verdict(NamedTuple):
    """`seeds` is 0 when every seed held."""

    seeds: int
    promise: str


FAULTS = (
    Fault(
        "the minimum rounds down",
        "scheduler/rolling.py",
        "-(-desired_count * configuration.minimum_healthy_percent // 100)",
        "desired_count * configuration.minimum_healthy_percent // 100",
    ),
    Fault(
        "the maximum rounds up",
        "scheduler/rolling.py",
        "desired_count * configuration.maximum_percent // 100)",
        "-(-desired_count * configuration.maximum_percent // 100))",
    ),
    Fault(
        "one healthy task too many goes in a roll-out",
        "scheduler/rolling.py",
        "max(0, healthy - limits.lower))",
        "max(0, healthy - limits.lower + 1))",
    ),
    Fault(
        "the maximum does not hold back starts",
        "scheduler/rolling.py",
        "start = min(want, max(0, limits.upper - (live - stop_idle - stop_healthy)))",
        "start = want",
    ),
    Fault(
        "scale-in forgets the minimum",
        "scheduler/moves.py",
        "spare_healthy = max(0, healthy - survey.limits.lower)",
        "spare_healthy = healthy",
    ),
    Fault(
        "scale-in leaves one too many",
        "scheduler/moves.py",
        "len(survey.staying) - desired, crowd)",
        "len(survey.staying) - desired - 1, crowd)",
    ),
    Fault(
        "the new revision's tasks go instead of the old ones",
        "scheduler/moves.py",
        "*roll_out(outgoing, step, crowd)",
        "*roll_out(staying, step, crowd)",
    ),
    Fault(
        "tasks on a draining instance stay",
        "scheduler/health.py",
        "displaced=task.container_instance_arn in checks.draining",
        "displaced=False",
    ),
    Fault(
        "a failed deployment goes on",
        "scheduler/moves.py",
        "    if survey.target.failed:\n        return stalled",
        "    if False:\n        return stalled",
    ),
    Fault(
        "protection is ignored",
        "scheduler/health.py",
        "protected=protected_until > now_ms",
        "protected=False",
    ),
    Fault(
        "what was placed does not count as used",
        "scheduler/placement.py",
        "remaining=view.remaining.minus(wanted.reservation)",
        "remaining=view.remaining",
    ),
    Fault(
        "a taken port is given again",
        "scheduler/preference.py",
        "if self._ports and not self._ports_free(view)",
        "if not self._ports and not self._ports_free(view)",
    ),
    Fault(
        "an instance without its agent gets tasks",
        "scheduler/fleet_index.py",
        'return view.instance.status == "ACTIVE" and view.instance.agent_connected',
        'return view.instance.status == "ACTIVE"',
    ),
    Fault(
        "a draining instance gets tasks",
        "scheduler/fleet_index.py",
        'return view.instance.status == "ACTIVE" and view.instance.agent_connected',
        "return view.instance.agent_connected",
    ),
    Fault(
        "the dwell is ignored",
        "scheduler/health.py",
        "(task.started_at or 0) + checks.dwell_ms",
        "(task.started_at or 0)",
    ),
    Fault(
        "container health checks are not asked",
        "scheduler/health.py",
        'if has_health_check and task.health_status != "HEALTHY":',
        'if has_health_check and task.health_status == "UNHEALTHY":',
    ),
    Fault(
        "one healthy target is enough",
        "scheduler/health.py",
        'any(state != "healthy" for state in states)',
        'any(state == "unhealthy" for state in states)',
    ),
    Fault(
        "the grace period is ignored",
        "scheduler/health.py",
        "fault=fault if grace_until <= now_ms else None",
        "fault=fault",
    ),
    Fault(
        "the circuit breaker never resets",
        "scheduler/failure_monitors.py",
        "return resets and any(",
        "return False and any(",
    ),
    Fault(
        "the circuit breaker fires one failure late",
        "scheduler/failure_monitors.py",
        "if count < threshold and not unsettled:",
        "if count <= threshold and not unsettled:",
    ),
    Fault(
        "the circuit breaker fires one failure early",
        "scheduler/failure_monitors.py",
        "if count < threshold and not unsettled:",
        "if count < threshold - 1 and not unsettled:",
    ),
    Fault(
        "a rollback goes to the oldest revision",
        "scheduler/verdict.py",
        "return max(candidates",
        "return min(candidates",
    ),
    Fault(
        "a rollback goes to a revision that never completed",
        "scheduler/verdict.py",
        'if revision.completed_at is not None\n        and revision.rollout_state == "COMPLETED"',
        "if revision.service_revision_arn",
    ),
    Fault(
        "back-off is ignored",
        "scheduler/back_off.py",
        "pause = min(ceiling, ",
        "pause = min(0, ",
    ),
    Fault(
        "a deployment completes while old tasks are there",
        "scheduler/deployments.py",
        "return alone and exact",
        "return exact",
    ),
    Fault(
        "the steady state is told while tasks are leaving",
        "scheduler/steady.py",
        "rolled_out(survey) and not survey.leaving",
        "rolled_out(survey)",
    ),
    Fault(
        "a task that is to stop is registered",
        "scheduler/targets.py",
        'if task.running and task.desired_status == "RUNNING"',
        "if task.running",
    ),
    Fault(
        "the target of a stopping task is not drained",
        "scheduler/targets.py",
        'return task is not None and task.desired_status == "STOPPED"',
        "return False",
    ),
    Fault(
        "a daemon starts before the old one is gone",
        "scheduler/daemon_seats.py",
        "return not self.live and not self.leaving",
        "return not self.live",
    ),
    Fault(
        "traffic goes to green whatever its health",
        "scheduler/shift/transitions.py",
        "    return green_is_healthy(course)\n",
        "    return True\n",
    ),
    Fault(
        "the wait between two steps is ignored",
        "scheduler/shift/transitions.py",
        "bake_ms = 0 if last else timing.scaled(shift.step_bake_time_ms)",
        "bake_ms = 0",
    ),
    Fault(
        "the bake time is ignored",
        "scheduler/shift/transitions.py",
        "return shift.stage_started_at + bake_time_ms(course)",
        "return shift.stage_started_at",
    ),
    Fault(
        "the first step gives everything",
        "scheduler/shift/transitions.py",
        "shift.steps[position.step - 1]",
        "shift.steps[-1]",
    ),
    Fault(
        "a rollback leaves the traffic with green",
        "scheduler/shift/transitions.py",
        "production = 0.0 if course.backwards else",
        "production = 100.0 if course.backwards else",
    ),
    Fault(
        "blue gets green's weight",
        "scheduler/shift/weights.py",
        "((pair.production_rule_arn, ((pair.blue, blue), (pair.green, green)))",
        "((pair.production_rule_arn, ((pair.blue, green), (pair.green, blue)))",
    ),
    Fault(
        "green takes blue's target group",
        "scheduler/shift/weights.py",
        "other_of(entry, used) if used",
        "used if used",
    ),
    Fault(
        "hooks are not waited for",
        "scheduler/shift/hooks.py",
        "not any(run.open for run in runs) and (course.backwards or all(run.lets_pass for run in runs))",
        "True",
    ),
    Fault(
        "a hook that failed fails nothing",
        "scheduler/shift/hooks.py",
        "if run.status == FAILED or (",
        "if False or (",
    ),
    Fault(
        "a pause never times out",
        "scheduler/shift/hooks.py",
        "if run.open and run.expires_at <= course.now_ms",
        "if run.open and run.target_type != PAUSE and run.expires_at <= course.now_ms",
    ),
    Fault(
        "blue goes while green bakes",
        "scheduler/shift/course.py",
        "0 if course.cleaning_up else held",
        '0 if course.cleaning_up or course.shift.stage == "BAKE_TIME" else held',
    ),
    Fault(
        "a shift is over while blue is there",
        "scheduler/shift/decide.py",
        "return gone and enough",
        "return enough",
    ),
    Fault(
        "what a superseded shift had divided stays divided",
        "scheduler/shift/superseded.py",
        "return (*given_back(survey, deployment), stop)",
        "return (stop,)",
    ),
    Fault(
        "a task set's share rounds down",
        "model/task_set.py",
        "math.ceil(",
        "math.floor(",
    ),
    Fault(
        "a task set is steady before its tasks are healthy",
        "scheduler/task_set_service.py",
        "stable = moves.nothing and deployments.rolled_out(survey)",
        "stable = moves.nothing",
    ),
    Fault(
        "the tasks of a deleted task set stay",
        "scheduler/task_set_service.py",
        'going = [task for task in left if task.desired_status == "RUNNING"]',
        "going = []",
    ),
    *CAPACITY_FAULTS,
)


def planted(fault: Fault, folder: Path) -> None:
    """A copy of the source with the fault in it."""
    shutil.copytree(SOURCE, folder / "shipway", ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "shipway" / fault.file
    text = path.read_text()
    if text.count(fault.old) != 1:
        raise ValueError(
            f"{fault.name}: its text stands {text.count(fault.old)} times in {fault.file}, not once"
        )
    path.write_text(text.replace(fault.old, fault.new))


def hunted(fault: Fault, seeds: int) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="shipway-planted-") as folder:
        planted(fault, Path(folder))
        command = [
            sys.executable,
            "-O",
            "-m",
            "shipway.cli.main",
            "simulate",
            "--seed",
            "0",
            "--seeds",
            str(seeds),
        ]
        environment = {**os.environ, "PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        ran = subprocess.run(
            command,
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
    if ran.returncode == 0:
        return Verdict(0, "")
    failed = re.search(r"^seed (\d+) failed after .*:\n(.*)", ran.stderr, re.MULTILINE)
    if failed is None:
        raise RuntimeError(f"{fault.name}: the simulator itself ended:\n{ran.stderr}")
    return Verdict(int(failed[1]) + 1, promise_of(failed[2]))


def promise_of(line: str) -> str:
    """The name of the check, or that it did not come to rest."""
    return "comes to rest" if "after healing" in line or "all was steady" in line else line.partition(":")[0]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.planted_faults", description=__doc__)
    parser.add_argument(
        "--seeds", type=int, default=300, help="how many are tried before a fault counts as missed"
    )
    parser.add_argument("--only", default="", help="faults whose name contains this")
    arguments = parser.parse_args()
    print("| planted fault | where | found after seeds | the promise that broke |\n| --- | --- | --- | --- |")
    missed = 0
    for fault in FAULTS:
        if arguments.only in fault.name:
            verdict = hunted(fault, arguments.seeds)
            missed += not verdict.seeds
            found = str(verdict.seeds) if verdict.seeds else f"**not found in {arguments.seeds}**"
            where = f"`{fault.file.removeprefix(SCHEDULER + '/')}`"
            print(f"| {fault.name} | {where} | {found} | {verdict.promise} |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
