"""`shipway VERB ...`: find the verb, run it, turn what goes wrong into one sentence and an exit code."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from contextlib import nullcontext

from shipway import __version__
from shipway.cli.options import fold_progress, print_document, publish_outputs, unfold
from shipway.cli.parser import Parser
from shipway.cli.verbs import VERBS
from shipway.deploy.edge.masking import masked_output
from shipway.deploy.errors import DeployError

INTERRUPTED = 130
EXTRAS = {"matplotlib": "draw"}  # which extra brings a package; the others come with `local`


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    if not given or given[0] in ("-h", "--help", "help"):
        if given[1:2] and given[1] in VERBS:
            return run_verb(given[1], ["--help"])
        print(overview())
        return 0 if given else 2
    if given[0] in ("-V", "--version", "version"):
        print(f"shipway {__version__}")
        return 0
    if given[0] not in VERBS:
        from shipway.deploy.application.suggestion import did_you_mean

        print(f"shipway: there is no verb {given[0]!r}. {did_you_mean(given[0], VERBS)}", file=sys.stderr)
        return 2
    return run_verb(given[0], given[1:])


def run_verb(verb: str, given: list[str]) -> int:
    """`local env` is there to print this machine's own credentials, which open nothing elsewhere."""
    with nullcontext() if verb == "local" else masked_output(os.environ):
        return run_unmasked(verb, given)


def run_unmasked(verb: str, given: list[str]) -> int:
    module_name, summary = VERBS[verb]
    module, arguments = None, None
    try:
        module = importlib.import_module(module_name)
        parser = Parser(prog=f"shipway {verb}", description=summary[:1].upper() + summary[1:] + ".")
        module.add_arguments(parser)
        arguments = parser.parse_args(given, argparse.Namespace(verb=verb, shown=False))
        fold_progress(arguments)
        return int(module.run(arguments))
    except DeployError as error:
        code = getattr(module, "FAILURE_CODE", 1) if error.exit_code == 1 else error.exit_code
        return failed(error, code, verb, arguments)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "shipway":
            raise
        extra = EXTRAS.get(error.name.partition(".")[0], "local")
        missing = f"the package {error.name} is not installed. Run: pip install 'shipway[{extra}]'"
        return failed(DeployError(missing), 1, verb, arguments)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return failed(DeployError("interrupted."), INTERRUPTED, verb, arguments)
    except BrokenPipeError:
        # The reader (head, less) has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("SHIPWAY_DEBUG"):
            import traceback

            traceback.print_exc()  # here, where what is printed is masked
        fault = (
            f"a fault in Shipway itself: {type(error).__name__}: {error}. "
            "Run it again with SHIPWAY_DEBUG=1 to see where, and please report it."
        )
        return failed(DeployError(fault), int(getattr(module, "FAILURE_CODE", 1)), verb, arguments)


def failed(error: DeployError, code: int, verb: str, arguments: argparse.Namespace | None) -> int:
    """Whatever the reason, people have a sentence, machines their document, and the process its code."""
    unfold(arguments)
    tell(error, " ".join([verb, *filter(None, [getattr(arguments, "local_verb", None)])]))
    if arguments is not None and not arguments.shown:
        tell_machines(error, code, arguments)
    return code


def tell(error: DeployError, verb: str) -> None:
    print(f"shipway {verb}: {error.sentence}", file=sys.stderr)
    for line in error.details:
        print(f"  | {line}", file=sys.stderr)


def tell_machines(error: DeployError, code: int, arguments: argparse.Namespace) -> None:
    """With `-o json` there is a document on stdout even when there is nothing to show."""
    document = {"verdict": "error", "sentence": error.sentence, "exitCode": code}
    document |= {"details": list(error.details)}
    output = getattr(arguments, "output", "text")
    if output in ("json", "jsonl"):
        print_document(document) if output == "json" else print(failed_line(error, code))
    try:
        publish_outputs(arguments, document)
    except DeployError as unwritten:
        tell(unwritten, arguments.verb)


def failed_line(error: DeployError, code: int) -> str:
    """The last of the events of `-o jsonl`."""
    from shipway.deploy.edge.progress import json_line
    from shipway.deploy.events import Failed

    return json_line(Failed(error.sentence, code, error.details))


def overview() -> str:
    width = max(map(len, VERBS))
    lines = [f"  {verb:<{width}}  {summary}" for verb, (_, summary) in VERBS.items()]
    return "\n".join(
        [
            "usage: shipway VERB [options]      shipway VERB --help",
            "",
            "Takes a container to Amazon ECS, and rehearses it on an ECS of your own.",
            "",
            *lines,
            "",
            "-e local points a verb at the ECS on this machine (shipway local up).",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
