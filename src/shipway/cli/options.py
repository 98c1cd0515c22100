"""Options that several verbs share, and the printing of what they return."""

from __future__ import annotations

import argparse
import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shipway.deploy.opening import Choices


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
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")


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


def add_rebuild(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rebuild", action="store_true", help="build also what the registry has of this very commit"
    )


def add_watch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout", metavar="DURATION", default="20m", help="for example 90s, 10m, 1h (default 20m)"
    )


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
    )


def show(arguments: argparse.Namespace, document: Any, text: str) -> None:
    """One document on stdout for `-o json`, the text otherwise."""
    if arguments.output == "json":
        print(json.dumps(document, indent=2, default=plain))
    elif text:
        print(text)


def plain(value: Any) -> Any:
    if hasattr(value, "__struct_fields__"):
        import msgspec

        return msgspec.to_builtins(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
