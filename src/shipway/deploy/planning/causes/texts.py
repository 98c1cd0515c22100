"""Causes that are known by AWS's own words: a row a text, the first row that matches tells the cause.

A row's sentence and advice may name the pattern's groups and:
  {the_image}  "the image nginx:1" as far as it is known
  {in_container}  " in container web", {of_container}  " of container web": empty when it is not known
  {role}  the execution role;  {secret}  what the text or the definition calls the secret
  {group}  the container's log group;  {text}  the reason itself
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from shipway.deploy.planning.causes.cause import Cause, Members
from shipway.deploy.planning.causes.stopped_task import Around

ARN_OF_SECRET = re.compile(r"arn:aws[\w-]*:(?:secretsmanager|ssm):[^\s,]+?(?=[:,.]?(?:\s|$))")
TEXT_LENGTH_MAX = 300


@dataclass(frozen=True)
class Text:
    """One way in which AWS says it."""

    code: str
    pattern: str
    sentence: str
    advice: str

    def match(self, text: str) -> re.Match[str] | None:
        return re.search(self.pattern, text, re.IGNORECASE | re.DOTALL)


def told_by(rows: Iterable[Text], text: str, container: Members, around: Around) -> Cause | None:
    """The cause that a reason tells of; `container` is the one that the reason is about, if any.

    A pattern's group `blamed` is a container that is more to blame than this one.
    """
    for row in rows:
        found = row.match(text)
        if found is not None:
            words = _words(text, container, around)
            words |= {name: value for name, value in found.groupdict().items() if value}
            return Cause(
                row.code,
                row.sentence.format_map(_Empty(words)),
                row.advice.format_map(_Empty(words)),
                found.groupdict().get("blamed") or container.get("name"),
            )
    return None


class _Empty(dict[str, str]):
    """A group that did not take part in the match says nothing."""

    def __missing__(self, key: str) -> str:
        return ""


def _words(text: str, container: Members, around: Around) -> dict[str, str]:
    name = container.get("name")
    image = container.get("image") or around.container(name).get("image") or _only_image(around)
    options = (around.container(name).get("logConfiguration") or {}).get("options") or {}
    group = options.get("awslogs-group") or _only_group(around)
    return {
        "the_image": f"the image {image}" if image else "the image",
        "in_container": f" in container {name}" if name else "",
        "of_container": f" of container {name}" if name else "",
        "role": around.role,
        "secret": _secret(text, around),
        "group": f" {group}" if group else "",
        "text": clean(text),
    }


def _only_image(around: Around) -> str:
    images = {str(found.get("image")) for found in around.definition.get("containerDefinitions") or ()}
    return images.pop() if len(images) == 1 else ""


def _only_group(around: Around) -> str:
    found = around.definition.get("containerDefinitions") or ()
    options = [(one.get("logConfiguration") or {}).get("options") or {} for one in found]
    groups = {str(one["awslogs-group"]) for one in options if one.get("awslogs-group")}
    return groups.pop() if len(groups) == 1 else ""


def _secret(text: str, around: Around) -> str:
    """Its ARN in the text; or the only secret of the definition; or nothing."""
    named = ARN_OF_SECRET.search(text)
    if named:
        return f" {named.group()}"
    sources = {
        str(pair.get("valueFrom"))
        for container in around.definition.get("containerDefinitions") or ()
        for pair in container.get("secrets") or ()
    }
    return f" {sources.pop()}" if len(sources) == 1 else ""


def clean(text: str) -> str:
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= TEXT_LENGTH_MAX else f"{text[:TEXT_LENGTH_MAX]}..."
