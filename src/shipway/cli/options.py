"""Options that several verbs share, and the printing of what they return."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from shipway.deploy.opening import Choices
    from shipway.deploy.outputs.systems import Wish


def add_target(
    parser: argparse.ArgumentParser, *, environment_action: str | type[argparse.Action] = "store"
) -> None:
    parser.add_argument("-c", "--config", metavar="FILE", default=os.environ.get("SHIPWAY_CONFIG"))
    parser.add_argument(
        "-e",
        "--env",
        action=environment_action,
        metavar="NAME",
        default=os.environ.get("SHIPWAY_ENV"),
        help="an environment of shipway.yml; `local` is the ECS on this machine",
    )
    parser.add_argument(
        "-s", "--service", metavar="[CLUSTER/]SERVICE", help="instead of the one in shipway.yml"
    )
    parser.add_argument("--cluster", metavar="NAME", help="instead of the one in shipway.yml")
    parser.add_argument("--region", metavar="REGION")
    parser.add_argument("--profile", metavar="NAME", help="an AWS profile")
    parser.add_argument(
        "--var", metavar="NAME=VALUE", action="append", default=[], help="a variable of shipway.yml, ${NAME}"
    )
    parser.add_argument(
        "--envfile", metavar="FILE", action="append", default=[], help="variables in lines NAME=VALUE"
    )
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")


def add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--outputs",
        metavar="FORMAT[:FILE]",
        action="append",
        type=outputs_wish,
        default=wishes_of_environment(),
        help="give a CI system the verdict, ARNs...: github, gitlab, bamboo, jenkins, azure, teamcity, json "
        "or none (default: the one that is around us); see docs/ci.md",
    )
    parser.add_argument(
        "--output-prefix",
        metavar="NAME",
        default=os.environ.get("SHIPWAY_OUTPUT_PREFIX"),
        help="namespace of the outputs (default: none for github and json, else shipway)",
    )


def wishes_of_environment() -> list[Wish]:
    from shipway.deploy.errors import UsageError

    try:
        return [outputs_wish(text) for text in os.environ.get("SHIPWAY_OUTPUTS", "").split()]
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"SHIPWAY_OUTPUTS: {error}") from None


def outputs_wish(text: str) -> Wish:
    from shipway.deploy.application.suggestion import did_you_mean
    from shipway.deploy.outputs.systems import NONE, SYSTEMS, wish_of

    wish = wish_of(text)
    if wish is None:
        known = did_you_mean(text.partition(":")[0], (*SYSTEMS, NONE))
        raise argparse.ArgumentTypeError(f"there is no format {text!r}. {known}")
    return wish


def add_event_output(parser: argparse.ArgumentParser) -> None:
    """For verbs that watch: `-o jsonl` is the stream of events."""
    (output,) = (action for action in parser._actions if action.dest == "output")
    output.choices = ("text", "json", "jsonl")
    output.help = "jsonl: every event as a line of JSON, the verdict last"


def add_images(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-t", "--tag", help="tag of the images to build; with -s, of all the service's images"
    )
    parser.add_argument(
        "-i",
        "--image",
        metavar="CONTAINER=IMAGE",
        action="append",
        default=[],
        help="use this image, build none",
    )


def add_only(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        default=[],
        help="of the services in shipway.yml, this one (may be given again)",
    )


def add_rebuild(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rebuild", action="store_true", help="build also what the registry has of this very commit"
    )


def add_watch(parser: argparse.ArgumentParser) -> None:
    """After `add_target`."""
    add_event_output(parser)
    parser.add_argument(
        "--timeout", metavar="DURATION", default="20m", help="for example 90s, 10m, 1h (default 20m)"
    )
    add_outputs(parser)


def add_steering(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    add_watch(parser)
    parser.add_argument("--no-wait", action="store_true", help="do not watch the deployment")


def choices(arguments: argparse.Namespace) -> Choices:
    from shipway.deploy.opening import Choices

    return Choices(
        config=arguments.config,
        environment=arguments.env,
        service=arguments.service,
        cluster=arguments.cluster,
        region=arguments.region,
        profile=arguments.profile,
        variables=tuple(arguments.var),
        env_files=tuple(arguments.envfile),
    )


def event_stream(arguments: argparse.Namespace) -> TextIO | None:
    """Where `-o jsonl` puts the events."""
    return sys.stdout if arguments.output == "jsonl" else None


def show(arguments: argparse.Namespace, document: Any, text: str) -> None:
    """One document on stdout for `-o json`, the text otherwise; `-o jsonl` has said it in its last event."""
    unfold(arguments)
    if arguments.output == "json":
        print_document(document)
    elif text and arguments.output == "text":
        print(text)
    arguments.shown = True
    publish_outputs(arguments, document)


def print_document(document: Any) -> None:
    from shipway.deploy.edge.masking import SECRETS, print_masked

    values = json.loads(json.dumps(document, default=plain))
    print_masked(json.dumps(SECRETS.masked_document(values), indent=2))


def fold_progress(arguments: argparse.Namespace) -> None:
    """For the verbs that end with a verdict. What a one-off task prints is what one came to read."""
    if hasattr(arguments, "outputs") and not hasattr(arguments, "variables"):
        from shipway.deploy.outputs.folding import Fold

        arguments.fold = Fold(f"shipway {arguments.verb}", os.environ, sys.stderr)
        arguments.fold.open()


def unfold(arguments: argparse.Namespace | None) -> None:
    if arguments is not None and hasattr(arguments, "fold"):
        arguments.fold.close()


def publish_outputs(arguments: argparse.Namespace, document: Any) -> None:
    """For the CI system around us; its commands leave stdout alone when that is JSON."""
    if not hasattr(arguments, "outputs"):
        return
    from shipway.deploy.outputs.publishing import publish

    stream = sys.stdout if arguments.output == "text" else sys.stderr
    publish(arguments.verb, document, arguments.outputs, arguments.output_prefix, stream)


def plain(value: Any) -> Any:
    if hasattr(value, "__struct_fields__"):
        import msgspec

        return msgspec.to_builtins(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
