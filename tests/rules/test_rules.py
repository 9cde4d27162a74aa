"""Rules about the code itself, held by tests rather than by memory."""

import ast
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src/leadwell"
MODULES = sorted(SRC.rglob("*.py"))
PACKAGES = sorted({module.parent for module in MODULES})

Function = ast.FunctionDef | ast.AsyncFunctionDef
Loop = ast.For | ast.AsyncFor | ast.While
Block = Loop | ast.If | ast.With | ast.AsyncWith | ast.Try | ast.TryStar | ast.Match

STATEMENT = re.compile(
    r"\b(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM"
    r"|(CREATE|DROP|ALTER)\s+(UNIQUE\s+)?(TABLE|INDEX|VIEW|TRIGGER))"
)
GRAB_BAGS = {"base", "common", "core", "helpers", "misc", "tools", "util", "utils"}
LAYER_WORDS = re.compile(r"(Manager|Service|Repository|Helper|DTO|Impl|Util)s?$")

# A path of somebody's machine. Written in parts, or this file would break its rule.
MACHINE_PATH = re.compile(r"(?<![\w.~}-])/" + r"(?:work|root|home|Users)/[\w.-]")


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


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SRC)))
class TestEveryModule:
    def test_is_short(self, module: Path) -> None:
        assert len(module.read_text(encoding="utf-8").splitlines()) <= 400

    def test_says_what_it_is_for(self, module: Path) -> None:
        assert ast.get_docstring(tree_of(module))

    def test_is_named_for_a_noun_of_the_domain(self, module: Path) -> None:
        beside_a_registry = module.parts[-2:] in {
            ("fields", "base.py"),
            ("destinations", "base.py"),
        }
        assert beside_a_registry or module.stem not in GRAB_BAGS

    def test_writes_sql_only_in_store_and_destinations(self, module: Path) -> None:
        place = module.relative_to(SRC).parts
        # A connector's program is handed out, and keeps a copy in its user's database.
        elsewhere = {("sync", "destinations"), ("describe", "connectors")}
        if place[0] == "store" or place[:2] in elsewhere:
            return
        assert not [
            text for text in texts_of(tree_of(module)) if STATEMENT.search(text)
        ]

    def test_asks_for_leads_only_through_a_grant(self, module: Path) -> None:
        if module.relative_to(SRC) == Path("model/grant.py"):
            return
        made = [
            ast.unparse(node)
            for node in ast.walk(tree_of(module))
            if isinstance(node, ast.Call)
            and re.search(r"\bLeadQuery\b", ast.unparse(node.func))
        ]
        assert not made, "only a Grant makes a LeadQuery: ask grant.query(…)"

    def test_waits_for_the_database_only_where_the_hub_does(self, module: Path) -> None:
        place = module.relative_to(SRC)
        if place.parts[0] != "api" or place == Path("api/hub.py"):
            return
        found = ast.walk(tree_of(module))
        names = {node.attr for node in found if isinstance(node, ast.Attribute)}
        assert "reading" not in names, "ask hub.look_up(…) or hub.read(…)"

    def test_has_no_long_function(self, module: Path) -> None:
        found = functions_of(tree_of(module))
        assert not [node.name for node in found if lines_of(node) > 60]

    def test_has_no_deep_function(self, module: Path) -> None:
        found = functions_of(tree_of(module))
        assert not [node.name for node in found if depth_of(node) > 3]

    def test_has_no_function_with_many_parameters(self, module: Path) -> None:
        found = functions_of(tree_of(module))
        assert not [node.name for node in found if len(arguments_of(node)) > 6]

    def test_has_no_long_handler(self, module: Path) -> None:
        found = filter(takes_a_request, functions_of(tree_of(module)))
        assert not [node.name for node in found if lines_of(node) > 25]

    def test_has_no_large_class_and_no_layer_word(self, module: Path) -> None:
        found = [n for n in ast.walk(tree_of(module)) if isinstance(n, ast.ClassDef)]
        assert not [node.name for node in found if lines_of(node) > 200]
        assert not [node.name for node in found if LAYER_WORDS.search(node.name)]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_package_can_be_read_in_one_sitting(package: Path) -> None:
    modules = [path for path in package.glob("*.py") if path.stem != "__init__"]
    assert len(modules) <= 15


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
    "name", ["dev.txt", "server.txt", "airbyte.txt", "dlt.txt", "generator.txt"]
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
