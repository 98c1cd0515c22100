"""ecspresso's template functions as Shipway's variables: those of the environment become `${VAR}`."""

from __future__ import annotations

import re

from shipway.deploy.importing.source import Account

ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
WORD = re.compile(r"`([^`]*)`|\"((?:[^\"\\]|\\.)*)\"|([^\s`\"()|]+)|([()|])")
ENVIRONMENT = ("env", "must_env")
LOOKUPS = {
    "tfstate": "of Terraform's state",
    "tfstatef": "of Terraform's state",
    "cfn_output": "of a CloudFormation stack",
    "cfn_export": "of a CloudFormation stack",
    "ssm": "of the Parameter Store",
    "secretsmanager_arn": "of Secrets Manager",
}


def translated(text: str, account: Account) -> str:
    """A `$` of the file itself is doubled; a template becomes a reference to a variable."""
    found, end = [], 0
    for match in ACTION.finditer(text):
        found.append(_literal(text[end : match.start()]))
        reference, end = _reference(match[1], account), match.end()
        found.append(f'"{reference}"' if _is_bare("".join(found)) else reference)
    return "".join([*found, _literal(text[end:])])


def _is_bare(before: str) -> bool:
    """A number or a word without quotes: Shipway turns a string into what ECS wants there."""
    in_string = len(re.findall(r'(?<!\\)"', before)) % 2 == 1
    return not in_string and before.rstrip()[-1:] in (":", ",", "[")


def _literal(text: str) -> str:
    return re.sub(r"\$(?=[${])", "$$", text)


def _reference(action: str, account: Account) -> str:
    names = ["".join(match.groups("")) for match in WORD.finditer(action)]
    if "json_escape" in names:
        account.leave(
            "json_escape", "Shipway replaces variables after the JSON is read, so nothing need be escaped."
        )
        names = [name for name in names if name not in ("|", "json_escape", "(", ")")]
    if names[:1] == ["must_env"] and len(names) == 2:
        return f"${{{names[1]}}}"
    if names[:1] == ["env"] and len(names) in (2, 3):
        return f"${{{names[1]}:-{names[2] if len(names) == 3 else ''}}}"
    return _stand_in(action, names, account)


def _stand_in(action: str, names: list[str], account: Account) -> str:
    """What ecspresso looks up becomes a variable of its own, named after what is looked up."""
    function = names[0] if names else ""
    kind = next(
        (text for name, text in LOOKUPS.items() if function == name or function.endswith(f"_{name}")), ""
    )
    spelled = "_".join(names[1:] or names)
    variable = re.sub(r"[^A-Za-z0-9]+", "_", spelled).strip("_").upper() or "VALUE"
    if variable[0].isdigit():
        variable = f"V_{variable}"
    what = f"a value {kind}" if kind else "a template that Shipway does not know"
    account.leave(f"{{{{ {action} }}}}", f"{what}: set {variable} when you deploy, or write the value in.")
    return f"${{{variable}:?{_plain(what)}}}"


def _plain(text: str) -> str:
    return text.replace("}", "").replace('"', "")
