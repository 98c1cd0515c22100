"""Options that `run` and `start` share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from shipway.cli.options import add_outputs, add_target

if TYPE_CHECKING:
    from shipway.deploy.task_verbs import TaskChoices

# RunTask starts no more at a time.
COUNT_MAX = 10


class EnvironmentOrVariable(argparse.Action):
    """`--env staging` chooses an environment, `--env NAME=VALUE` is a variable of the task."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        if "=" in str(values):
            namespace.variables = [*(getattr(namespace, "variables", None) or ()), str(values)]
        else:
            namespace.env = values


def add_task_options(parser: argparse.ArgumentParser) -> None:
    add_target(parser, environment_action=EnvironmentOrVariable)
    add_outputs(parser)
    parser.set_defaults(variables=[])
    parser.add_argument("--task-definition", metavar="FAMILY[:REVISION]", help="instead of the service's")
    parser.add_argument(
        "--container", metavar="NAME", help="whose command and exit code (default: the essential)"
    )
    parser.add_argument("--command", metavar="TEXT", help="split as a shell would, without a shell")
    parser.add_argument("--cpu", metavar="UNITS", help="512 or 0.5vCPU: the task's, or else its container's")
    parser.add_argument("--memory", metavar="MIB", help="1024 or 1GB: the task's, or else its container's")
    parser.add_argument("--task-role", metavar="ARN", help="what the containers may do, instead")
    parser.add_argument("--execution-role", metavar="ARN", help="what ECS may do to start it, instead")
    parser.add_argument("arguments", nargs="*", metavar="COMMAND", help="after --: the command to run")


def task_choices(arguments: argparse.Namespace) -> TaskChoices:
    import shlex

    from shipway.deploy.errors import UsageError
    from shipway.deploy.opening import pairs
    from shipway.deploy.planning.task_request import TaskWish
    from shipway.deploy.task_verbs import TaskChoices

    command = tuple(arguments.arguments) or None
    if arguments.command is not None:
        if command is not None:
            raise UsageError("Give the command once: with --command, or after --.")
        try:
            command = tuple(shlex.split(arguments.command))
        except ValueError as error:
            raise UsageError(f"--command cannot be split into words: {error}.") from None
    count = getattr(arguments, "count", None)
    if count is not None and not 1 <= count <= COUNT_MAX:
        raise UsageError(f"--count is {count}; ECS starts 1 to {COUNT_MAX} tasks at a time.")
    wish = TaskWish(
        container=arguments.container,
        command=command,
        environment=pairs(arguments.variables, "a variable"),
        count=count or 1,
        launch_type=getattr(arguments, "launch_type", None),
        cpu=arguments.cpu,
        memory=arguments.memory,
        task_role=arguments.task_role,
        execution_role=arguments.execution_role,
    )
    return TaskChoices(
        wish=wish,
        task_definition=arguments.task_definition,
        named=getattr(arguments, "task", None),
        instances=tuple(getattr(arguments, "instance", None) or ()),
        wait=arguments.wait,
        json=arguments.output == "json",
    )
