"""The store's SQL can be spread over machines by campaign, and runs on both databases.

Each rule says why it is there. They are read from the text of every statement in
`store`, so that a new one is held to them without anybody remembering to.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src/leadwell"
SCHEMA = (SRC / "store/schema.sql").read_text("utf-8")
MIGRATIONS = sorted((SRC / "store/migrations").glob("*.sql"))
STATEMENT = re.compile(
    r"^\s*(SELECT\s|INSERT\s|UPDATE\s+\w+\s+SET|DELETE\s|WITH\s|MERGE\s"
    r"|CREATE\s|DROP\s|ALTER\s|LISTEN\s|NOTIFY\s)"
)

NOT_BY_CAMPAIGN = {
    "token": "found by its digest alone, before its campaign is known",
    "link": "so is a link; there are few",
    "account_campaign": "finds a campaign by its account and slug",
}
"""Tables that name a campaign and are not spread by it."""

GLOBAL = {
    "SELECT count(*) FROM campaign WHERE {where}": "the list of an account's campaigns",
    "SELECT campaign_id FROM campaign WHERE {where}": "that list, page by page",
    "UPDATE campaign SET schema_version": "a person is new to every campaign at once",
    "INSERT INTO chore (campaign_id, kind, part_id, done_to) SELECT": "so is the work",
    "SELECT DISTINCT campaign_id FROM chore": "a hub that starts looks for work left",
    "SELECT DISTINCT campaign_id FROM hook": "looks for who is to be told",
    "SELECT campaign_id, id FROM retention": "a hub looks for the rules that are due",
    "SELECT coalesce(max(noted.at), 0) FROM": "a command looks at its clock",
    "SELECT coalesce(max(stamped_at), 0) FROM counter": "the doctor looks at the clock",
    "SELECT campaign_id, name, used_at, length(data) FROM pin": "what is too old goes",
    "SELECT campaign_id, account_id, number, hash FROM audit_head": "all the chains",
    "SELECT DISTINCT audit.campaign_id, audit.account_id": "a check looks at all",
    "SELECT campaign.campaign_id, campaign.account_id, coalesce(": "a hub looks for "
    "campaigns with writes that are not summed up",
    "SELECT upload FROM upload_part WHERE part = 0": "what another hub let go goes",
    "SELECT campaign_id, upload FROM upload_part WHERE part = 0": "what is old goes",
    "SELECT CASE WHEN ended_at IS NOT NULL": "whoever watches the hub counts webhooks",
    "SELECT lineage FROM reader": "and its readers",
    "SELECT count(*) FROM chore": "and what is not done yet",
    "SELECT state, count(*) FROM import_job": "of the imports too",
    "SELECT count(*) FROM bulk_edit": "of the edits of many leads too",
    "SELECT count(*) FROM retention": "and of the retention rules",
}
"""Statements that ask every machine, and why each may; none is on a lead's path."""

HOLES = {
    # filtering.where begins with it, whatever is asked; tests/api/test_scope.py proves.
    "clause.sql": "lead.campaign_id = :campaign_id",
}

NOWHERE = {
    r"\b(SMALL|BIG)?SERIAL\b|\bIDENTITY\b|\bnextval\b|AUTOINCREMENT": "ids come from "
    "the campaign's counter: a sequence is no order of commits, and differs by node",
    r"\bTRIGGER\b": "what a write does stands in the function that writes",
    r"\bREFERENCES\b|FOREIGN\s+KEY": "a foreign key would tie tables of two nodes",
    r"\b(now|random|randomblob|clock_timestamp|statement_timestamp|gen_random_uuid"
    r"|strftime|julianday|unixepoch)\s*\(|\bCURRENT_(TIMESTAMP|DATE|TIME)\b": "clocks "
    "and chance enter as parameters",
    r"\b(xmin|xmax|ctid|txid_\w+|pg_current_xact_id\w*|pg_(current_)?snapshot\w*)\b": ""
    "the number of a transaction means nothing on another node: chronicle.SNAPSHOT is "
    "kept with the node that it is of",
    r"\bpg_(try_)?advisory\w*": "such a lock exists once a node",
    r"^\s*(LISTEN|NOTIFY)\b|pg_notify": "reaches only listeners of the same node",
    r"^\s*MERGE\b": "cannot be spread",
    r"\bGROUPING\s+SETS\b": "cannot be spread",
    r"\bINSERT\b.*\bSELECT\b.*\b(unnest|json_each|jsonb?_\w+)\s*\(": "is pulled "
    "through one node and committed in two phases",
    r"^\s*WITH\b.*\b(INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM)\b": "a statement "
    "that writes twice is committed in two phases",
    r"\breltuples\b|\bpg_relation_size\b": "is nothing on a table that is spread",
    r":\w+\s+IS\s+(NOT\s+)?NULL": "PostgreSQL needs its type: CAST(:x AS BIGINT)",
    r"\bINSERT\s+OR\b|\bREPLACE\s+INTO\b|\bGLOB\b|\bifnull\s*\(|\browid\b"
    r"|\bjson_extract\s*\(": "only SQLite knows it",
    r"::|\bILIKE\b|\bDISTINCT\s+ON\b|\bANY\s*\(": "only PostgreSQL knows it",
    r"\bFROM\s+\w+(\s+(AS\s+)?\w+)?\s*,": "write JOIN, with what joins the two",
}
"""What no statement of the store holds, and why."""

ENGINES_MAY = {
    # While the schema is made; and the clock that hubs agree on, asked for by itself.
    "postgres_connection.py": r"\bpg_(try_)?advisory\w*|\bclock_timestamp\(\)",
    # A hint, and only where there is one server (ADR 0028).
    "hearing.py": r"^LISTEN\b",
    "wakes.py": r"\bpg_notify\b",
}

_TABLE = re.compile(
    r"\b(?P<verb>FROM|JOIN|INTO|UPDATE)\s+(?P<table>[a-z_]\w*)"
    r"(?:\s+(?:AS\s+)?(?!SET\b|ON\b|AS\b)(?P<alias>[a-z]\w*))?"
)


def plain(sql: str) -> str:
    """A statement on one line, without its comments and texts."""
    sql = re.sub(r"--[^\n]*", " ", sql)
    return " ".join(re.sub(r"'(?:[^']|'')*'", "''", sql).split())


def tables_of(schema: str) -> dict[str, list[str]]:
    """The tables, each with its column definitions and its table constraints."""
    found = re.findall(
        r"CREATE TABLE (\w+) \((.*?)\n\)", uncommented(schema), re.DOTALL
    )
    return {
        name: [" ".join(line.split()) for line in re.split(r",\s*\n", body.strip())]
        for name, body in found
    }


def uncommented(sql: str) -> str:
    return re.sub(r"[ \t]*--[^\n]*", "", sql)


TABLES = tables_of(SCHEMA)
BY_CAMPAIGN = {
    name for name, lines in TABLES.items() if lines[0].startswith("campaign_id ")
}


def statements_of(tree: ast.Module) -> Iterator[str]:
    """Every SQL text, with what is put into it in braces; docstrings are none."""
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    said = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(_part(part) for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = "" if id(node) in parts | said else node.value
        else:
            continue
        if STATEMENT.match(text):
            yield text


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    assert isinstance(part, ast.FormattedValue)
    hole = ast.unparse(part.value)
    return HOLES.get(hole, f"{{{hole}}}")


def faults_of(sql: str) -> list[str]:
    """What is wrong with a statement; nothing, when it may run on every machine."""
    sql = plain(sql)
    return [*_banned(sql), *_uncampaigned(sql)]


def _banned(sql: str) -> list[str]:
    found = [
        why for words, why in NOWHERE.items() if re.search(words, sql, re.IGNORECASE)
    ]
    if re.search(r"\bFOR (UPDATE|SHARE|NO KEY)\b", sql) and "campaign_id =" not in sql:
        found.append("rows are locked in one campaign at a time")
    if re.search(r"\bOR\b", _outermost(sql)):
        found.append("put OR in brackets: it widens everything beside it")
    return found


def _outermost(sql: str) -> str:
    """What stands in no brackets and in no CASE."""
    sql, found = re.sub(r"\bCASE\b.*?\bEND\b", "", sql), 1
    while found:
        sql, found = re.subn(r"\([^()]*\)", "", sql)
    return sql


def _uncampaigned(sql: str) -> list[str]:
    used = [m for m in _TABLE.finditer(sql) if m["table"] in BY_CAMPAIGN]
    return [
        f"{match['table']} is used without its campaign_id"
        for match in used
        if not _is_kept_apart(sql, match, alone=len(used) == 1)
    ]


def _is_kept_apart(sql: str, match: re.Match[str], *, alone: bool) -> bool:
    if match["verb"] == "INTO":
        columns = re.match(r"\s*\(campaign_id\b", sql[match.end("table") :])
        target = re.search(r"ON CONFLICT \((\w+)", sql)
        return bool(columns) and (target is None or target[1] == "campaign_id")
    name = rf"(?:{match['table']}|{match['alias'] or match['table']})\.campaign_id"
    if alone:
        name = rf"(?:{name}|(?<![\w.])campaign_id)"
    bound = r"(?::\w+|\w+\.campaign_id)"
    # A condition joined by OR, or one of a CASE, would not narrow anything.
    pattern = rf"(?:WHERE|AND|ON)\s+\(?(?:{name}\s*=\s*{bound}|{bound}\s*=\s*{name})"
    return bool(re.search(pattern, sql))


@cache
def every() -> list[tuple[Path, str]]:
    # Not when the module is imported: each process of the suite does that.
    return [
        (module, sql)
        for module in sorted((SRC / "store").rglob("*.py"))
        for sql in statements_of(ast.parse(module.read_text("utf-8")))
    ]


TICKET = "ticket.py"
_ASSIGNED = re.compile(r"(?:\bSET|,)\s*(\w+)\s*=")


def handed_out(sql: str) -> set[str]:
    """What of a campaign's counter a statement writes, but for the ids of parts."""
    sql = plain(sql)
    if not re.match(r"(INSERT INTO|DELETE FROM|UPDATE) counter\b", sql):
        return set()
    if not sql.startswith("UPDATE"):
        # A new campaign's counter begins at nothing, and is never replaced.
        begins = re.search(r"\(campaign_id, seq, .*VALUES \(:campaign_id, 0, 0, ", sql)
        return set() if begins and "ON CONFLICT" not in sql else {"a whole counter"}
    return set(_ASSIGNED.findall(_outermost(sql).partition(" WHERE ")[0])) - {"part_id"}


def test_sequence_numbers_and_stamps_are_handed_out_by_the_ticket_alone() -> None:
    found = {module.name: set[str]() for module, _ in every()}
    for module, sql in every():
        found[module.name] |= handed_out(sql)
    assert found.pop(TICKET) == {"seq", "lead_id", "stamped_at"}
    assert not {name: written for name, written in found.items() if written}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE counter SET seq = seq + 1 WHERE campaign_id = :campaign_id",
        "UPDATE counter SET part_id = part_id + 1, seq = :seq WHERE campaign_id = :c",
        (
            "UPDATE counter SET part_id = CASE WHEN part_id = 1 THEN 2 ELSE 3 END,"
            " stamped_at = :now WHERE campaign_id = :c"
        ),
        "DELETE FROM counter WHERE campaign_id = :campaign_id",
        (
            "INSERT INTO counter (campaign_id, seq, lead_id, part_id, stamped_at)"
            " VALUES (:campaign_id, :seq, 0, 0, 0)"
        ),
        (
            "INSERT INTO counter (campaign_id, seq, lead_id, part_id, stamped_at)"
            " VALUES (:campaign_id, 0, 0, 0, 0)"
            " ON CONFLICT (campaign_id) DO UPDATE SET seq = 0"
        ),
    ],
)
def test_a_sequence_number_that_is_no_ticket_is_found(sql: str) -> None:
    assert handed_out(sql)


def _reason(sql: str) -> str | None:
    return next(
        (why for words, why in GLOBAL.items() if plain(sql).startswith(words)), None
    )


def _kept(module: Path, sql: str) -> list[str]:
    """What is wrong with a statement, but for what its place may do."""
    allowed = ENGINES_MAY.get(module.name)
    faults = faults_of(re.sub(allowed, "", sql) if allowed else sql)
    if _reason(sql):
        faults = [fault for fault in faults if "without its campaign_id" not in fault]
    return faults


def test_every_statement_stays_in_its_campaign() -> None:
    offences = {
        (module.name, plain(sql)): faults
        for module, sql in every()
        if (faults := _kept(module, sql))
    }
    assert not offences


def test_every_exception_is_still_needed() -> None:
    texts = [plain(sql) for _, sql in every()]
    for words in GLOBAL:
        assert any(text.startswith(words) for text in texts), words
    assert set(NOT_BY_CAMPAIGN) <= set(TABLES)
    for module, words in ENGINES_MAY.items():
        assert any(path.name == module and re.search(words, s) for path, s in every())
    source = "".join(path.read_text("utf-8") for path in (SRC / "store").glob("*.py"))
    assert all(f"{{{hole}}}" in source for hole in HOLES)
    assert len(every()) > 40


def schema_faults(schema: str) -> list[str]:
    """What of a schema could not be spread by campaign."""
    sql = uncommented(schema).replace("WITHOUT ROWID", "")
    found = [why for words, why in NOWHERE.items() if re.search(words, sql, re.I)]
    tables = tables_of(schema)
    for name, lines in tables.items():
        found += _table_faults(name, lines)
    by_campaign = {n for n, lines in tables.items() if _names_campaign(lines)}
    for index, table, columns in re.findall(
        r"CREATE (?:UNIQUE )?INDEX (\w+)\s+ON (\w+) \(([^)]*)", sql
    ):
        is_spread = table in (by_campaign | BY_CAMPAIGN) - set(NOT_BY_CAMPAIGN)
        if is_spread and not columns.startswith("campaign_id"):
            found.append(f"the index {index} does not start with campaign_id")
    return found


def _names_campaign(lines: list[str]) -> bool:
    return any(line.startswith("campaign_id ") for line in lines)


def _table_faults(name: str, lines: list[str]) -> Iterator[str]:
    keys = [line for line in lines if re.search(r"PRIMARY KEY|UNIQUE", line)]
    if not any("PRIMARY KEY" in key for key in keys):
        yield f"{name} has no primary key"
    if name in NOT_BY_CAMPAIGN or not _names_campaign(lines):
        return
    if not lines[0].startswith("campaign_id INTEGER"):
        yield f"campaign_id is not the first column of {name}"
    for key in keys:
        if not re.match(r"(campaign_id |(PRIMARY KEY|UNIQUE) \(campaign_id\b)", key):
            yield f"a key of {name} does not start with campaign_id: {key}"


def test_every_key_of_the_schema_starts_with_the_campaign() -> None:
    assert len(BY_CAMPAIGN) > 15
    assert schema_faults(SCHEMA) == []


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_every_migration_keeps_the_rules(path: Path) -> None:
    assert schema_faults(path.read_text("utf-8")) == []


def test_who_reads_the_bodies_of_leads_notes_it_for_the_audit_log() -> None:
    readers = {
        m for m, sql in every() if "lead.body" in sql and m.parent.name != "writes"
    }
    assert len(readers) > 2
    noting = {m for m in readers if "seen.note(query, " in m.read_text("utf-8")}
    assert noting == readers


_WRITES_AUDIT = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM) audit\b")


def test_rows_of_the_audit_log_are_added_and_the_oldest_removed_and_no_more() -> None:
    found = {
        (module.parent.name, module.name, written[1])
        for module, sql in every()
        if (written := _WRITES_AUDIT.search(plain(sql)))
    }
    assert found == {
        ("audit", "chain.py", "INSERT INTO"),
        ("audit", "cutting.py", "DELETE FROM"),
    }


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM lead WHERE id = :id",
        "SELECT id FROM lead WHERE campaign_id > :campaign_id",
        "SELECT id FROM lead WHERE id = 1 OR campaign_id = :campaign_id",
        "SELECT id FROM lead WHERE campaign_id = :campaign_id OR id = 1",
        "SELECT campaign_id FROM lead",
        "DELETE FROM lead",
        "DELETE FROM lead WHERE id = :id",
        "UPDATE lead SET campaign_id = :campaign_id",
        "UPDATE counter SET seq = seq + 1 WHERE seq = :seq RETURNING campaign_id",
        "INSERT INTO lead (id, campaign_id) VALUES (:id, :campaign_id)",
        "INSERT INTO replay (campaign_id) VALUES (:c) ON CONFLICT (key) DO NOTHING",
        (
            "SELECT 1 FROM lead l JOIN scope_member m ON m.lead_id = l.id"
            " WHERE l.campaign_id = :campaign_id"
        ),
        "SELECT 1 FROM lead, filter WHERE campaign_id = :campaign_id",
        (
            "SELECT id FROM lead WHERE campaign_id = :c AND id IN (SELECT lead_id FROM"
            " scope_member WHERE scope_id = :s)"
        ),
        "SELECT nextval('lead_id')",
        "SELECT now()",
        "SELECT CURRENT_TIMESTAMP",
        "SELECT pg_try_advisory_lock(5)",
        "SELECT xmin FROM account",
        "LISTEN leads",
        "MERGE INTO account USING person ON true",
        "SELECT id FROM account FOR UPDATE",
        "INSERT INTO alias (campaign_id, slug) SELECT :c, x FROM unnest(:slugs) x",
        "WITH s AS (UPDATE account SET name = 'x' RETURNING id) SELECT id FROM s",
        "SELECT id FROM account WHERE (:id IS NULL OR id = :id)",
        "INSERT OR IGNORE INTO account (id) VALUES (1)",
        "SELECT id::text FROM account",
    ],
)
def test_a_statement_that_leaves_its_campaign_is_found(sql: str) -> None:
    assert faults_of(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM lead WHERE campaign_id = :campaign_id AND id = :id",
        (
            "SELECT 1 FROM lead l JOIN scope_member m ON m.campaign_id = :c AND"
            " m.lead_id = l.id WHERE l.campaign_id = :c"
        ),
        (
            "SELECT 1 FROM lead AS l JOIN scope_member AS m ON m.campaign_id ="
            " l.campaign_id AND m.lead_id = l.id WHERE l.campaign_id = :c"
        ),
        "DELETE FROM replay WHERE campaign_id = :c AND at < :at -- now() in words",
        "SELECT id FROM account WHERE slug = 'now() OR random()'",
        (
            "INSERT INTO alias (campaign_id, slug) VALUES (:c, :s)"
            " ON CONFLICT (campaign_id, owner_id, slug) DO UPDATE SET part_id = :p"
        ),
    ],
)
def test_a_statement_that_stays_in_its_campaign_is_not(sql: str) -> None:
    assert faults_of(sql) == []


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE a (\n    id INTEGER NOT NULL\n) STRICT;",
        "CREATE TABLE a (\n    id INTEGER PRIMARY KEY,\n    campaign_id INTEGER\n);",
        "CREATE TABLE a (\n    campaign_id INTEGER,\n    id INTEGER PRIMARY KEY\n);",
        (
            "CREATE TABLE a (\n    campaign_id INTEGER,\n    id INTEGER,\n"
            "    PRIMARY KEY (campaign_id, id),\n    UNIQUE (id)\n);"
        ),
        "CREATE INDEX lead_by_name ON lead (external_id, campaign_id);",
        "CREATE TRIGGER t AFTER INSERT ON lead BEGIN SELECT 1; END;",
        "CREATE TABLE a (\n    id BIGSERIAL PRIMARY KEY\n);",
        "ALTER TABLE field ADD owner INTEGER REFERENCES account (id);",
        "ALTER TABLE field ADD made_at INTEGER DEFAULT (unixepoch());",
    ],
)
def test_a_schema_that_cannot_be_spread_is_found(sql: str) -> None:
    assert schema_faults(sql)
