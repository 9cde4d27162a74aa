"""Rules about the code itself, held by tests rather than by memory."""

import ast
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.effort import REPEATS

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src/leadwell"
MODULES = sorted(SRC.rglob("*.py"))
PACKAGES = sorted({module.parent for module in MODULES})

Function = ast.FunctionDef | ast.AsyncFunctionDef
Loop = ast.For | ast.AsyncFor | ast.While
Rule = Callable[[Path, ast.Module], Iterator[object]]
"""Yields what of a module breaks it; `None` and 0 break nothing."""
Block = Loop | ast.If | ast.With | ast.AsyncWith | ast.Try | ast.TryStar | ast.Match

STATEMENT = re.compile(
    r"\b(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM"
    r"|(CREATE|DROP|ALTER)\s+(UNIQUE\s+)?(TABLE|INDEX|VIEW|TRIGGER))"
)
GRAB_BAGS = {"base", "common", "core", "helpers", "misc", "tools", "util", "utils"}
LAYER_WORDS = re.compile(r"(Manager|Service|Repository|Helper|DTO|Impl|Util)s?$")
CARRIED = ("client", "sync", "sheets", "cli/pull", "cli/many")
"""Packages that people take to their own machines, where those run Windows too."""
POSIX_ONLY = {
    *("fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"),
    *("os.chown", "os.fchmod", "os.fork", "os.geteuid", "os.getuid", "os.killpg"),
    *("os.mkfifo", "os.setsid", "os.umask", "signal.SIGALRM", "signal.SIGHUP"),
    *("signal.SIGKILL", "signal.SIGPIPE", "signal.SIGUSR1", "signal.SIGUSR2"),
}
SPEECH = re.compile(r"print|input|sys\.std(out|err)\.write")

# A path of somebody's machine. Written in parts, or this file would break its rule.
MACHINE_PATH = re.compile(r"(?<![\w.~}-])/" + r"(?:work|root|home|Users)/[\w.-]")


@cache
def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def functions_of(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def arguments_of(function: Function) -> list[ast.arg]:
    """What a caller has to know: without `self`, `cls` and the starred ones."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [argument for argument in every if argument.arg not in {"self", "cls"}]


def lines_of(node: Function | ast.ClassDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def depth_of(node: ast.AST) -> int:
    """How deep the blocks stand in each other; an `elif` stands beside its `if`."""
    if isinstance(node, ast.If) and [type(kid) for kid in node.orelse] == [ast.If]:
        return max(1 + deepest(node.body), depth_of(node.orelse[0]))
    return isinstance(node, Block) + deepest(ast.iter_child_nodes(node))


def deepest(nodes: Iterable[ast.AST]) -> int:
    """The depth below, where a function inside a function is measured on its own."""
    return max((depth_of(n) for n in nodes if not isinstance(n, Function)), default=0)


def takes_a_request(function: Function) -> bool:
    kinds = [argument.annotation for argument in arguments_of(function)]
    return any(kind is not None and ast.unparse(kind) == "Request" for kind in kinds)


def names_needed(node: ast.AST) -> set[str]:
    """The modules that an import names, or what of a module is used: `os.getuid`."""
    match node:
        case ast.Import(names=names):
            return {name.name for name in names}
        case ast.ImportFrom(module=module, names=names):
            return {f"{module}", *(f"{module}.{name.name}" for name in names)}
        case ast.Attribute(value=ast.Name(id=module), attr=attribute):
            return {f"{module}.{attribute}"}
        case _:
            return set()


def texts_of(tree: ast.Module) -> list[str]:
    """The string constants that are not docstrings."""
    with_docs = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, with_docs)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docs
    ]


def tracked() -> list[Path]:
    """Every file that git knows, or would take with the next commit."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout, so nothing says which files are the project's")
    # A clone may belong to another user than the one who runs the suite.
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    command = [*git, "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    names = listed.stdout.decode().split("\0")
    return sorted(ROOT / name for name in names if name and (ROOT / name).is_file())


def is_short(module: Path, _: ast.Module) -> Iterator[object]:
    lines = len(module.read_text(encoding="utf-8").splitlines())
    yield lines if lines > 400 else None


def says_what_it_is_for(_: Path, tree: ast.Module) -> Iterator[object]:
    yield None if ast.get_docstring(tree) else "nothing"


def is_named_for_a_noun_of_the_domain(module: Path, _: ast.Module) -> Iterator[object]:
    beside_a_registry = module.parts[-2:] in {
        ("fields", "base.py"),
        ("destinations", "base.py"),
    }
    if not beside_a_registry and module.stem in GRAB_BAGS:
        yield module.stem


def writes_sql_only_in_store_and_destinations(
    module: Path, tree: ast.Module
) -> Iterator[object]:
    place = module.relative_to(SRC).parts
    # A connector's program is handed out, and keeps a copy in its user's database.
    elsewhere = {("sync", "destinations"), ("describe", "connectors")}
    if place[0] != "store" and place[:2] not in elsewhere:
        yield from (text for text in texts_of(tree) if STATEMENT.search(text))


def asks_for_leads_only_through_a_grant(
    module: Path, tree: ast.Module
) -> Iterator[object]:
    """Only a Grant makes a LeadQuery: ask grant.query(…)."""
    if module.relative_to(SRC) == Path("model/grant.py"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            yield called if re.search(r"\bLeadQuery\b", called) else None


def waits_for_the_database_only_where_the_hub_does(
    module: Path, tree: ast.Module
) -> Iterator[object]:
    """Ask hub.look_up(…) or hub.read(…)."""
    place = module.relative_to(SRC)
    if place.parts[0] != "api" or place == Path("api/hub.py"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "reading":
            yield node.lineno


def asks_before_it_needs_posix(module: Path, tree: ast.Module) -> Iterator[object]:
    """What runs on any machine says what it does on those that are not POSIX."""
    if not any(module.is_relative_to(SRC / package) for package in CARRIED):
        return
    choices = [node for node in ast.walk(tree) if isinstance(node, ast.If)]
    asked = {each for choice in choices for each in ast.walk(choice)}
    for node in set(ast.walk(tree)) - asked:
        yield from names_needed(node) & POSIX_ONLY


def speaks_through_one_place(module: Path, tree: ast.Module) -> Iterator[object]:
    """A command says what it says with leadwell.cli.output, which escapes it."""
    place = module.relative_to(SRC)
    if place.parts[0] != "cli" or place == Path("cli/output.py"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            yield called if SPEECH.fullmatch(called) else None


def has_no_long_function(_: Path, tree: ast.Module) -> Iterator[object]:
    yield from (node.name for node in functions_of(tree) if lines_of(node) > 60)


def has_no_deep_function(_: Path, tree: ast.Module) -> Iterator[object]:
    yield from (node.name for node in functions_of(tree) if depth_of(node) > 3)


def has_no_function_with_many_parameters(_: Path, tree: ast.Module) -> Iterator[object]:
    yield from (n.name for n in functions_of(tree) if len(arguments_of(n)) > 6)


def has_no_long_handler(_: Path, tree: ast.Module) -> Iterator[object]:
    found = filter(takes_a_request, functions_of(tree))
    yield from (node.name for node in found if lines_of(node) > 25)


def has_no_large_class_and_no_layer_word(_: Path, tree: ast.Module) -> Iterator[object]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            is_wrong = lines_of(node) > 200 or LAYER_WORDS.search(node.name)
            yield node.name if is_wrong else None


RULES = [
    is_short,
    says_what_it_is_for,
    is_named_for_a_noun_of_the_domain,
    writes_sql_only_in_store_and_destinations,
    asks_for_leads_only_through_a_grant,
    waits_for_the_database_only_where_the_hub_does,
    asks_before_it_needs_posix,
    speaks_through_one_place,
    has_no_long_function,
    has_no_deep_function,
    has_no_function_with_many_parameters,
    has_no_long_handler,
    has_no_large_class_and_no_layer_word,
]


@REPEATS
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_module(rule: Rule) -> None:
    offences = {
        f"{module.relative_to(SRC)}": found
        for module in MODULES
        if (found := [each for each in rule(module, tree_of(module)) if each])
    }
    assert not offences, rule.__doc__


def test_a_package_can_be_read_in_one_sitting() -> None:
    for package in PACKAGES:
        modules = [path for path in package.glob("*.py") if path.stem != "__init__"]
        assert len(modules) <= 15, package


@pytest.mark.parametrize(
    ("source", "depth"),
    [
        ("x = 1", 0),
        ("if a:\n b\nelif c:\n d\nelse:\n e", 1),
        ("if a:\n b\nelse:\n if c:\n  d\n e", 2),
        ("for a in b:\n with c:\n  try:\n   d\n  except E:\n   pass", 3),
        ("if a:\n def f():\n  for b in c:\n   pass", 1),
        ("match a:\n case 1:\n  if b:\n   c", 2),
    ],
)
def test_depth_is_counted_as_a_reader_counts(source: str, depth: int) -> None:
    assert depth_of(ast.parse(source)) == depth


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import fcntl", ["fcntl"]),
        ("from fcntl import flock", ["fcntl"]),
        ("import os\nos.getuid()", ["os.getuid"]),
        ("from signal import SIGKILL", ["signal.SIGKILL"]),
        ("if sys.platform != 'win32':\n    import fcntl", []),
    ],
)
def test_what_is_posix_alone_is_noticed(source: str, found: list[str]) -> None:
    module = SRC / "sync/new.py"
    assert [*asks_before_it_needs_posix(module, ast.parse(source))] == found


def test_the_code_map_names_every_package_of_the_server() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    parts = [SRC, *(SRC / name for name in ("store", "api", "server"))]
    inits = [init for part in parts for init in part.glob("*/__init__.py")]
    assert not [x.parent for x in inits if f"{x.parent.name}/" not in text]


def test_the_shared_fixtures_stay_few() -> None:
    fixtures = ROOT / "tests/conftest.py"
    if fixtures.exists():
        assert len(fixtures.read_text(encoding="utf-8").splitlines()) <= 150


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    found = {
        str(path.relative_to(ROOT)): hits
        for path in tracked()
        if (hits := MACHINE_PATH.findall(path.read_bytes().decode("utf-8", "replace")))
    }
    assert not found


@pytest.mark.parametrize(
    "name",
    [
        "dev.txt",
        "server.txt",
        "airbyte.txt",
        "dlt.txt",
        "generator.txt",
        "deploy.txt",
        "fuzz.txt",
    ],
)
def test_a_lock_pins_every_package_and_names_no_index(name: str) -> None:
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    kinds = re.compile(
        r"#|    #|    --hash=sha256:[0-9a-f]{64}|[\w.-]+(\[[\w,-]+\])?==\d"
    )
    assert not [line for line in lines if not kinds.match(line)]
    pins = [place for place, line in enumerate(lines) if re.match(r"\w", line)]
    assert pins
    assert not [lines[place] for place in pins if "--hash=" not in lines[place + 1]]


def test_a_relative_path_is_not_a_place_on_somebodys_machine() -> None:
    assert not MACHINE_PATH.search("see ~/work/leads and docs/home/index.md")
    assert MACHINE_PATH.search("see " + "/" + "home/jane/leads")
