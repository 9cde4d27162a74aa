"""`leadwell sync run`: many copies, and what became of each."""

import signal
import stat
import sys
from pathlib import Path

import pytest

from leadwell.cli.many.running import together
from tests.copying import Bench, rows
from tests.many.conftest import Run, Written, lines_of
from tests.receiving import SECRET, Inbox, a_receiver

TWO = """
[[sync]]
name = "west"
url = "URL"
to = "sqlite:west.db"
filter = "source=partner-west"

[[sync]]
url = "URL"
to = "csv:all.csv"
"""
HOOK = """[[sync]]
name = "hook"
url = "URL"
to = "webhook:https://hooks.example.com/x"
"""
WRONG = """
[[sync]]
name = "wrong"
url = "URL"
to = "ndjson:no.ndjson"
token_env = "NOT_SET"

[[sync]]
name = "foreign"
url = "URL"
to = "sqlite:sync.toml"
"""


def test_one_that_fails_stops_no_other(
    run: Run, write: Written, tmp_path: Path
) -> None:
    write(TWO + WRONG)
    said = run("sync", "run", "--json", "--workers", "2")
    assert (said.code, said.json["exit_code"]) == (7, 7)
    told = {each["name"]: each for each in said.json["entries"]}
    assert list(told) == ["west", "csv:all.csv", "wrong", "foreign"]
    assert [each["exit_code"] for each in told.values()] == [0, 0, 2, 5]
    assert (told["west"]["added"], told["csv:all.csv"]["added"]) == (8, 21)
    assert "NOT_SET is not set" in told["wrong"]["said"]
    assert len(rows(tmp_path / "west.db", "SELECT id FROM leads")) == 8
    assert not (tmp_path / "no.ndjson").exists()
    again = run("sync", "run", "sync.toml")
    assert again.code == 7
    assert "west: 0 added" in again.err
    assert "NOT_SET is not set" in again.out


def test_one_entry_alone_ends_as_a_sync_of_its_own(run: Run, write: Written) -> None:
    write(TWO + WRONG)
    assert run("sync", "run", "--only", "wrong").code == 2
    said = run("sync", "run", "--only", "west", "--only", "csv:all.csv", "--json")
    assert (said.code, len(said.json["entries"])) == (0, 2)
    said = run("sync", "run", "--only", "wst")
    assert (said.code, "did you mean west?" in said.err) == (2, True)
    assert "there are west, " in run("sync", "run", "--only", "x").err


def test_the_list_is_for_whoever_starts_one_task_each(run: Run, write: Written) -> None:
    write('[defaults]\nurl = "URL"\ntoken_file = "t"\n[[sync]]\nto = "csv:a.csv"\n')
    said = run("sync", "run", "--list", "--json")
    assert said.json == [
        {
            "name": "csv:a.csv",
            "url": said.json[0]["url"],
            "to": "csv:a.csv",
            "filter": "",
            "every": None,
            "token": "token_file: t",
        }
    ]
    write(TWO + 'follow = true\ntoken_env = "A"\n')
    said = run("sync", "run", "--list")
    assert all(word in said.out for word in ("LEADWELL_TOKEN", "follow", "token_env"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no [[sync]]"),
        ("[[sync]", "sync.toml is no TOML"),
        ('[[sync]]\nurl = "URL"\nto = "csv:a"\nfliter = ""', "line 4: there is no"),
        ('[[sync]]\nurl = "URL"\nto = "csv:a"\nfliter = ""', "mean filter?"),
        ('[default]\n[[sync]]\nto = "csv:a"', "line 1: there is no 'default'"),
        ("[defaults]\nto = 1\n[[sync]]\n", "line 2: there is no 'to' in [defaults]"),
        ("[defaults]\nstrict = 7\n[[sync]]\nto = 'csv:a'", "line 2: strict: Expected"),
        ('[[sync]]\nurl = "URL"', "missing required field `to`"),
        ('[[sync]]\nurl = "URL"\nto = "csv:a"\ntoken = "x"', "line 4: a secret does"),
        ('[[sync]]\nto = "csv:a"', "there is no url"),
        ("sync = [1]", "[[sync]] is no table"),
        ("workers = 99\n[[sync]]\nto = 'csv:a'\nurl = 'URL'", "from 1 to 64"),
        ("workers = 'x'\n[[sync]]\nto = 'csv:a'\nurl = 'URL'", "from 1 to 64"),
        (TWO.replace("all.csv", "./west.db"), "have one destination"),
        (TWO.replace("csv:all.csv", 'csv:a"\nname = "west'), "are called 'west'"),
        (TWO + 'every = "1m"\nfollow = true\n', "exclude each other"),
        (TWO + 'every = "soon"\n', "is no time to wait"),
        (TWO + 'token_env = "A"\ntoken_file = "b"\n', "the token is named twice"),
        (TWO.replace("csv:all.csv", "ndjson:-"), "keeps no place to go on"),
        (TWO.replace("csv:all.csv", "cvs:a.csv"), "is no destination"),
        (TWO + "campaign = 7\n", "campaign is 7, but url that of 362"),
        (TWO + 'token_keyring = "x"\n', "names nothing in a keyring"),
        (TWO + 'token_keyring = "a/b"\n', "pip install keyring"),
        (TWO + 'ledger = "l"\n', "line 11: csv:all.csv keeps leads itself"),
        (TWO + 'dead-letters = "l"\n', "did you mean dead_letters?"),
        (TWO + "batch = 'x'\n", "for instance batch = 100"),
        (HOOK + "batch = 0\n", "hook: batch is no such number; from 1 to 1000"),
        (HOOK + 'secret = "whsec_x"\n', "line 5: a secret does not stand"),
        (HOOK.replace("/x", "/x#batch=5") + "batch = 5\n", "batch stands in to as"),
        (HOOK + HOOK.replace('"hook"', '"b"'), "give each a ledger of its own"),
    ],
)
def test_a_file_that_cannot_be_meant_says_where_and_what_to_write(
    run: Run, write: Written, monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    monkeypatch.delenv("LEADWELL_URL", raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)
    write(text)
    said = run("sync", "run")
    assert (said.code in {2, 7}, told in said.err) == (True, True), said.err


def test_options_of_a_receiver_are_keys_of_its_entry(
    run: Run, write: Written, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MINE", SECRET)
    inbox = Inbox(refused={3})
    with a_receiver(inbox) as server:
        to = f'\n[[sync]]\nurl = "URL"\nto = "webhook:{server.url}/hooks/s3cret"\n'
        write(
            f'{to}secret = "env:MINE"\nledger = "a b#c.ledger"\nbatch = 5\n'
            'dead_letters = "dead.ndjson"\nparallel = 2\n'
            + to.replace("s3cret", "s3cret#parallel=1")
            + 'secret = "env:MINE"\nname = "other"\nledger = "other"\nfilter = "id=4"'
        )
        listed = run("sync", "run", "--list", "--json")
        assert listed.json[0]["name"] == f"webhook:{server.url}/…"
        said = run("sync", "run", "--json")
    assert [each["exit_code"] for each in said.json["entries"]] == [7, 0]
    # Each entry has a ledger of its own, so what is in both may meet.
    assert (len(inbox.leads), inbox.twice - {4}) == (20, set())
    assert (tmp_path / "a b#c.ledger").exists()
    assert '"lead_id":3' in (tmp_path / "dead.ndjson").read_text()
    assert "s3cret" not in listed.out + said.out + said.err


def test_a_missing_file_and_wrong_options_are_told(run: Run, write: Written) -> None:
    assert "sync.toml cannot be read" in run("sync", "run").err
    write(TWO)
    assert run("sync", "run", "--workers", "0").code == 2
    assert "--token-file" in run("sync", "run", "--token", "lw_x").err


def test_flags_stand_before_the_environment_and_that_before_the_file(
    run: Run, write: Written, monkeypatch: pytest.MonkeyPatch, hub: Bench
) -> None:
    write(TWO + 'every = "1h"\n')
    monkeypatch.setenv("LEADWELL_SYNC_EVERY", "2h")
    listed = run("sync", "run", "--list", "--json").json
    assert [each["every"] for each in listed] == ["2h", "2h"]
    listed = run("sync", "run", "--list", "--json", "--every", "3h").json
    assert [each["every"] for each in listed] == ["3h", "3h"]
    listed = run("sync", "run", "--list", "--json", "--follow").json
    assert [each["every"] for each in listed] == ["follow", "follow"]
    listed = run("sync", "run", "--list", "--json", "--once").json
    assert [each["every"] for each in listed] == [None, None]
    monkeypatch.setenv("LEADWELL_URL", hub.url.partition("/v2")[0])
    write('[[sync]]\nto = "csv:a.csv"\ncampaign = "362"\n')
    assert run("sync", "run", "--once").code == 0


def test_a_token_comes_from_a_file_a_variable_or_a_keyring(
    run: Run,
    write: Written,
    hub: Bench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LEADWELL_TOKEN")
    monkeypatch.setenv("MINE", hub.hub.token)
    secret = tmp_path / "secret"
    secret.write_text(hub.hub.token)
    secret.chmod(0o644)
    (tmp_path / "keyring.py").write_text(
        "def get_password(service, name):\n"
        "    if service == 'locked':\n        raise RuntimeError('lw_secret')\n"
        f"    return {hub.hub.token!r} if (service, name) == ('hub', 'a/b') else None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "keyring", raising=False)
    write(
        '[defaults]\nurl = "URL"\ntoken_file = "none"\n'
        '[[sync]]\nto = "csv:a"\ntoken_env = "MINE"\n'
        '[[sync]]\nto = "csv:b"\ntoken_file = "secret"\n'
        '[[sync]]\nto = "csv:c"\ntoken_keyring = "hub/a/b"\n'
    )
    said = run("sync", "run", "--json")
    assert said.code == 0, said.out
    assert "everybody can read secret: chmod 600 secret" in said.err
    secret.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert "everybody" not in run("sync", "run", "--only", "csv:b").err
    write('[[sync]]\nurl = "URL"\nto = "csv:a"\ntoken_keyring = "hub/no"\n')
    assert "keyring set hub no" in run("sync", "run").err
    write('[[sync]]\nurl = "URL"\nto = "csv:a"\ntoken_keyring = "locked/a"\n')
    told = run("sync", "run", "--json").json["entries"][0]["said"]
    assert told.startswith("the keyring cannot be read: RuntimeError")
    said = run("sync", "run", "--token-file", "secret", "--json")
    assert said.code == 0, said.out


def test_entries_that_go_on_each_go_on_alone(
    hub: Bench, write: Written, tmp_path: Path
) -> None:
    write(
        TWO.replace('to = "csv', 'follow = true\nto = "csv')
        + '\n[[sync]]\nurl = "URL"\nevery = "1s"\nname = "s"\nto = "sqlite:s.db"\n'
    )
    arguments = ("sync", "run", str(tmp_path / "sync.toml"), "--log", "json")
    process = Bench(hub.hub, hub.folder, tmp_path).start(*arguments, "--workers", "1")
    told: set[str] = set()
    assert process.stdout is not None
    for line in process.stdout:
        told.add(line.partition(":")[0] if line.count("0 added") else "")
        if "s" in told:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    done = [each["sync"] for each in lines_of(err) if each["event"] == "done"]
    assert done.count("s") >= 2
    assert {"west", "csv:all.csv"} <= set(done)


def test_codes_of_several_add_up_to_one() -> None:
    assert together([0, 0]) == 0
    assert together([3, 3]) == 3
    assert together([75, 0]) == 75
    assert together([75, 75]) == 75
    assert together([3, 0]) == 7
    assert together([3, 75]) == 7
