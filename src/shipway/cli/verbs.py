"""The verbs of the command line: where each lives, and what it does in one line."""

from __future__ import annotations

VERBS: dict[str, tuple[str, str]] = {
    "init": ("shipway.cli.init", "write shipway.yml and the ECS JSON beside it, from a Dockerfile"),
    "deploy": ("shipway.cli.deploy", "build, push, register, create or update the service, watch, verdict"),
    "plan": ("shipway.cli.plan", "what a deployment would change, replace and set off; nothing is touched"),
    "verify": ("shipway.cli.verify", "what would go wrong if this were deployed; nothing is touched"),
    "explain": ("shipway.cli.explain", "what a finding's code means and what to do about it"),
    "status": ("shipway.cli.status", "the service: deployments, tasks, targets, events, URLs"),
    "why": ("shipway.cli.why", "the post-mortem of a service or a task, at any time"),
    "logs": ("shipway.cli.logs", "log lines of the service or one task: filtered, followed"),
    "history": ("shipway.cli.history", "what was deployed when, by whom, and what became of it"),
    "events": ("shipway.cli.events", "what ECS says about the service, as it happens if you like"),
    "tasks": ("shipway.cli.tasks", "the tasks of the service or the cluster, with their containers"),
    "rollback": ("shipway.cli.rollback", "go back to the last deployment that succeeded"),
    "approve": ("shipway.cli.approve", "let a deployment that waits at a hook go on, and watch it"),
    "reject": ("shipway.cli.reject", "have a deployment that waits at a hook rolled back"),
    "cancel": ("shipway.cli.cancel", "call a deployment off: ECS stops it and rolls back"),
    "scale": ("shipway.cli.scale", "set how many tasks the service has, and watch until they run"),
    "restart": ("shipway.cli.restart", "replace every task of the service, watched like a deployment"),
    "wait": ("shipway.cli.wait", "follow a deployment that has begun to its verdict"),
    "run": ("shipway.cli.run", "run a one-off task where ECS places it; end with its exit code"),
    "start": ("shipway.cli.start", "start a one-off task on the container instances you name"),
    "stop": ("shipway.cli.stop", "stop a task"),
    "delete": ("shipway.cli.delete", "delete the service and its tasks"),
    "prune": ("shipway.cli.prune", "deregister old task definitions that nobody uses or can go back to"),
    "deregister": ("shipway.cli.deregister", "deregister task definitions by name"),
    "cluster": ("shipway.cli.cluster", "clusters: create, list, describe, delete"),
    "instances": ("shipway.cli.instances", "container instances: create, list, drain, activate, delete"),
    "simulate": ("shipway.cli.simulate", "play a scenario of your own, or random ones, in a simulated world"),
    "local": ("shipway.cli.local", "an ECS on this machine: up, status, env, logs, down, reset"),
}
