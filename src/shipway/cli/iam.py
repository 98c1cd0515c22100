"""`shipway iam`."""

from __future__ import annotations

import argparse
import json
import os
import sys

from shipway.cli.options import show

PURPOSES = ("deploy", "look", "verify", "run", "exec", "secrets", "delete", "prune", "cluster", "instances")
ROLES = ("execution_role", "task_role", "trust")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-c", "--config", metavar="FILE", default=os.environ.get("SHIPWAY_CONFIG"))
    parser.add_argument("-e", "--env", metavar="NAME", default=os.environ.get("SHIPWAY_ENV"))
    parser.add_argument("-s", "--service", metavar="NAME", help="of several services in the file, this one")
    parser.add_argument("--cluster", metavar="NAME", help="instead of the one in shipway.yml")
    parser.add_argument("--region", metavar="REGION")
    parser.add_argument("--account", metavar="ID", help="default: the one that shipway.yml names, else *")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--deployer", action="store_true", help="for whoever runs Shipway (the default)")
    which.add_argument("--execution-role", action="store_true", help="for its tasks' execution role")
    which.add_argument("--task-role", action="store_true", help="for its tasks' task role")
    which.add_argument("--trust", action="store_true", help="the trust policy of these two roles")
    parser.add_argument(
        "--for",
        dest="purposes",
        metavar="PURPOSE",
        action="append",
        choices=(*PURPOSES, "all"),
        help=f"of the deployer: {', '.join(PURPOSES)} or all (default: the first four); several times",
    )
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.permissions.choosing import PolicyChoice, chosen_policy

    choice = PolicyChoice(
        config=arguments.config,
        environment=arguments.env,
        service=arguments.service,
        cluster=arguments.cluster,
        region=arguments.region,
        account=arguments.account,
        purposes=tuple(arguments.purposes or ()),
        role=next((role for role in ROLES if getattr(arguments, role)), ""),
    )
    policy, notes = chosen_policy(choice, os.environ)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    show(arguments, policy, json.dumps(policy, indent=2))
    return 0
