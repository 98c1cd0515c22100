"""`shipway explain`."""

from __future__ import annotations

import argparse

from shipway.cli.options import show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", nargs="?", metavar="CODE", help="for example SW301; all are listed without")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.verification.explaining import explained, listed
    from shipway.deploy.verification.finding import CODES

    if arguments.code:
        page = explained(arguments.code)
        show(arguments, {"code": arguments.code.upper(), "page": page}, page)
        return 0
    document = [
        {"code": code, "severity": str(severity), "title": title} for code, (severity, title) in CODES.items()
    ]
    show(arguments, document, listed())
    return 0
