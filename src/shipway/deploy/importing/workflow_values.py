"""The expressions of a GitHub workflow and the words of its shell steps, as Shipway writes them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from shipway.deploy.importing.source import Account

Members = dict[str, Any]

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)
SHELL = re.compile(r"\$(?:\{(?P<name>[A-Za-z_]\w*)\}|(?P<bare>[A-Za-z_]\w*))")
FLAGS_WITHOUT_VALUE = ("--no-cache", "--pull", "--push", "--load", "-q", "--quiet", "--rm", "--force-rm")


@dataclass
class Scope:
    """What a step's expressions may name: the environment around it, and the outputs that are known."""

    account: Account
    environment: Members = field(default_factory=dict)

    def text(self, value: Any) -> str:
        """Expressions resolved as far as the file tells; the rest are variables to be set."""
        written = "" if value is None else str(value)
        if isinstance(value, bool):
            written = str(value).lower()
        found, end = [], 0
        for match in EXPRESSION.finditer(written):
            found += [written[end : match.start()].replace("$", "$$"), self._expression(match)]
            end = match.end()
        return "".join([*found, written[end:].replace("$", "$$")])

    def shell(self, word: str) -> str:
        """`$NAME` of a shell step, by the environment that the workflow gives it."""

        def known(match: re.Match[str]) -> str:
            name = match["name"] or match["bare"]
            return self.text(self.environment[name]) if name in self.environment else f"${{{name}}}"

        plain = EXPRESSION.sub(self._expression, word)
        return SHELL.sub(known, plain)

    def _expression(self, match: re.Match[str]) -> str:
        kind, _, name = match[1].partition(".")
        if kind == "env" and name in self.environment:
            return self.text(self.environment[name])
        if kind in ("env", "secrets", "vars", "inputs", "github") and re.fullmatch(r"[\w-]+", name):
            front = "GITHUB_" if kind == "github" else ""
            return f"${{{front}{name.upper().replace('-', '_') if front else name.replace('-', '_')}}}"
        if match[1].endswith(".outputs.registry"):
            return "${ECR_REGISTRY}"
        variable = re.sub(r"\W+", "_", match[1]).strip("_").upper() or "VALUE"
        self.account.leave(
            match[0], f"known only while the workflow runs: set {variable}, or write the value in."
        )
        return f"${{{variable}}}"


def lines_of_pairs(text: str) -> dict[str, str]:
    """`KEY=value` lines, as the actions take them."""
    lines = (line.strip() for line in text.splitlines())
    return {name: value for name, _, value in (line.partition("=") for line in lines if "=" in line)}


@dataclass(frozen=True)
class DockerBuild:
    """One `docker build` of a shell step."""

    tags: tuple[str, ...]
    members: Members


def docker_builds(script: str, scope: Scope) -> Iterator[DockerBuild]:
    for line in re.sub(r"\\\s*\n", " ", script).splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        if words[:2] == ["docker", "build"]:
            yield _build([scope.shell(word) for word in words[2:]])
        elif words[:3] == ["docker", "buildx", "build"]:
            yield _build([scope.shell(word) for word in words[3:]])


def _build(words: list[str]) -> DockerBuild:
    tags: list[str] = []
    members: Members = {"context": "."}
    arguments: Members = {}
    queue = iter(words)
    for word in queue:
        if not word.startswith("-"):
            members["context"] = word
            continue
        if word in FLAGS_WITHOUT_VALUE:
            continue
        flag, equals, value = word.partition("=")
        value = value if equals else next(queue, "")
        match flag:
            case "-t" | "--tag":
                tags.append(value)
            case "-f" | "--file":
                members["dockerfile"] = value
            case "--build-arg":
                name, _, given = value.partition("=")
                arguments[name] = given or f"${{{name}}}"
            case "--target" | "--platform":
                members[flag[2:]] = value
            case "--cache-from" | "--cache-to":
                members.setdefault(flag[2:].replace("-", "_"), []).append(value)
    return DockerBuild(tuple(tags), members | ({"args": arguments} if arguments else {}))
