"""Shape and words, held by a test rather than by good will: sizes, names, and habits that hide trouble."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 6

# ECS has its own words for these. Some have honest other meanings: see THEIR_NAMES.
BANNED_WORDS = {
    form
    for word in ("node", "pod", "host", "worker", "job", "replica", "backend", "upstream", "app")
    for form in (word, word + "s")
}
LOADED_BY_USERS = {"shipway.testing.plugin"}  # pytest loads it where a user's conftest.py names it
NAMES_FOR_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
VERBS_FOR_NOTHING = ("get", "do", "handle", "process", "manage")

# Names that are somebody else's and that we must spell their way: ECS, Docker, Envoy, ASGI, sockets.
THEIR_NAMES = re.compile(
    r"""
    ^visit_.*$                                       # ast
    | ^(build_|_|ASGI|WSGI)?app$                     # an ASGI application, or moto's WSGI one
    | ^(aiohttp_)?app_runner$ | ^AppRunner$          # aiohttp
    | host_?(port|config|path|ip|s)?(s|_range|_ranges)?$  # ECS and Docker: hostPort, HostConfig, host paths
    | ^.*host_?(port|config|path|ip|header|name|volume|overlay).*$   # ... and HTTP's Host header
    | ^(virtual|extra|strict)_hosts?.*$              # Envoy, Docker, HTTP
    | ^(local|remote)?host(name)?$                   # sockets
    """,
    re.VERBOSE | re.IGNORECASE,
)


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


SOURCES = python_files("src")
EVERYTHING = python_files("src", "tests", "scripts", "bench")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an attribute chain, empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return [word.lower() for word in spaced.split("_") if word]


def names_defined(path: Path) -> Iterator[tuple[ast.AST, str]]:
    """Functions, classes, parameters and variables: the names that we choose."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node, node.name
        elif isinstance(node, ast.arg):
            yield node, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node, node.attr


def test_files_are_short() -> None:
    """A file stops at 400 lines."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in EVERYTHING}
    long = [
        f"{path.relative_to(ROOT)}: {length}" for path, length in lengths.items() if length > FILE_LINES_MAX
    ]
    assert long == []


def test_functions_are_short() -> None:
    """A function stops at 70 lines."""
    long = [
        f"{where(path, function)} {function.name}: {length}"
        for path in EVERYTHING
        for function in functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_functions_take_few_parameters() -> None:
    """Six parameters are enough, `self` not counted; pytest's fixtures are parameters too."""
    many = []
    for path in EVERYTHING:
        for function in functions(path):
            arguments = function.args
            names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
            if len([name for name in names if name not in ("self", "cls")]) > PARAMETERS_MAX:
                many.append(f"{where(path, function)} {function.name}")
    assert many == []


def test_modules_and_classes_are_named_for_what_they_are() -> None:
    """`utils`, `helpers`, `common` and `manager` name nothing."""
    empty = [str(path.relative_to(ROOT)) for path in EVERYTHING if set(words(path.stem)) & NAMES_FOR_NOTHING]
    for path in EVERYTHING:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef) and set(words(node.name)) & NAMES_FOR_NOTHING:
                empty.append(f"{where(path, node)} {node.name}")
    assert empty == []


def test_names_are_words_of_ecs() -> None:
    """One word a thing, and it is ECS's: never node, pod, worker, replica, or app for a service."""
    foreign = sorted(
        {
            f"{where(path, node)} {name}"
            for path in SOURCES
            for node, name in names_defined(path)
            if set(words(name)) & BANNED_WORDS and not is_theirs(path, name)
        }
    )
    assert foreign == []


def is_theirs(path: Path, name: str) -> bool:
    speaks_yaml = "yaml" in modules_named(path)  # whose documents are made of nodes
    return bool(THEIR_NAMES.search(name)) or (speaks_yaml and name.endswith("node"))


def test_verbs_say_something() -> None:
    """`get_`, `do_`, `handle_`, `process_` and `manage_` say nothing about what a function is for."""
    said_nothing = [
        f"{where(path, function)} {function.name}"
        for path in SOURCES
        for function in functions(path)
        if function.name.split("_")[0] in VERBS_FOR_NOTHING
        and "_" in function.name
        and not is_named_by_an_operation(path)
    ]
    assert said_nothing == []


def is_named_by_an_operation(path: Path) -> bool:
    """Handlers in api/<service>/ bear their operation's name: GetAuthorizationToken is one."""
    return path.is_relative_to(ROOT / "src/shipway/api") and path.parent.name != "api"


def test_pins_name_no_registry() -> None:
    """`constraints.txt` holds plain pins and nothing about where packages come from."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pin = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!_-]+|#.*")
    assert [line for line in lines if not pin.fullmatch(line)] == []
    assert not re.search(r"https?:|index|hosts", "\n".join(lines))


def test_nothing_is_patched() -> None:
    """If a test wants to patch, a seam is missing."""
    patched = [
        where(path, node)
        for path in EVERYTHING
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Attribute) and dotted(node).endswith(("mock.patch", "mocker.patch")))
        or (isinstance(node, ast.ImportFrom) and node.module == "unittest.mock")
    ]
    assert patched == []


def test_no_test_sleeps() -> None:
    """A test waits for what it wants to see, with a deadline; it does not sleep and hope."""
    asleep = [
        where(path, node)
        for path in python_files("tests")
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Attribute) and dotted(node) == "time.sleep")
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "time"
            and any(a.name == "sleep" for a in node.names)
        )
    ]
    assert asleep == []


def test_no_error_is_swallowed_in_silence() -> None:
    """`except: ...` and `except Exception: pass` hide what went wrong."""
    silent = []
    for path in EVERYTHING:
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.ExceptHandler):
                continue
            broad = node.type is None or dotted(node.type) in ("Exception", "BaseException")
            empty = all(isinstance(statement, ast.Pass) for statement in node.body)
            if node.type is None or (broad and empty):
                silent.append(where(path, node))
    assert silent == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_says_what_it_is_for(path: Path) -> None:
    """Every module starts with a docstring (an empty `__init__.py` needs none) and postponed annotations."""
    module = tree(path)
    if not module.body:
        assert path.name == "__init__.py"
        return
    assert ast.get_docstring(module), "no docstring"
    imports = [
        node for node in module.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]
    only_docstring = len(module.body) == 1
    assert imports or only_docstring, "no `from __future__ import annotations`"


def test_tests_say_what_they_hold() -> None:
    """Every test function has a sentence of behaviour."""
    silent = [
        f"{where(path, function)} {function.name}"
        for path in python_files("tests")
        for function in functions(path)
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]
    assert silent == []


def test_every_module_is_used() -> None:
    """No dead files: each module is imported, or named in a string where it is run or loaded by name."""
    used = LOADED_BY_USERS | {name for path in SOURCES for name in modules_named(path)}
    used |= set(re.findall(r"shipway(?:\.\w+)+", (ROOT / "pyproject.toml").read_text(encoding="utf-8")))
    dead = [
        module_name(path)
        for path in SOURCES
        if path.name not in ("__init__.py", "__main__.py") and module_name(path) not in used
    ]
    assert dead == []


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT / "src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_named(path: Path) -> Iterator[str]:
    own = module_name(path)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.fullmatch(r"[\w.]+", node.value)
        ):
            # "shipway.local.control_plane" where it is run, "deploy" in the command line's table of verbs.
            package = own if path.name == "__init__.py" else own.rpartition(".")[0]
            yield from (node.value, f"{package}.{node.value}")
