"""Leads brought into a CRM or an ERP, as a profile says."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leadwell.cli import main
from leadwell.cli.pull import target
from leadwell.client import Campaign, Leadwell, Retry
from leadwell.client.wire.retry import Request as Wire
from leadwell.errors import UsageError
from leadwell.sync.batches import Delivered
from leadwell.sync.destinations import named
from leadwell.sync.destinations.push import profile, secret, template
from leadwell.sync.destinations.push.address import sender_to
from leadwell.sync.destinations.push.exchanging import Answers, Line
from leadwell.sync.destinations.push.http_target import HTTPTarget, at
from leadwell.sync.destinations.push.template import Style
from leadwell.sync.errors import ReceiverDenies
from leadwell.sync.pace import Pace
from leadwell.sync.pulling import Pull, Wanted
from leadwell.testing import FaultServer, Reply, Request, faults
from tests.copying import Bench, a_bench
from tests.receiving import lost_answer
from tests.vendors import VENDORS, Vendor

HASTY = Retry(first_s=0.001, longest_s=0.002, retry_after_max_s=1.5)
URL = re.compile(r'^url = ".*"$', re.MULTILINE)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A hub with four leads, for all tests of the module."""
    made = a_bench(tmp_path_factory.mktemp("target"), leads=3)
    yield made
    made.hub.kill()


@pytest.fixture
def campaign(bench: Bench) -> Iterator[Campaign]:
    with Leadwell(bench.url, bench.hub.token) as client:
        yield client.campaign()


def pull(campaign: Campaign, to: HTTPTarget, **wanted: Any) -> Delivered:
    found = Pull(campaign, "", to, Wanted(**wanted)).run().delivered
    assert found
    assert not found.waiting, found.said
    return found


def a_target(path: Path, text: str) -> HTTPTarget:
    path.write_text(text)
    found = named(f"http:{path}")
    assert isinstance(found, HTTPTarget)
    return replace(found, retry=HASTY)


def edited(name: str, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A ready profile as its user has edited it, and its secrets."""
    text = URL.sub(f'url = "{url}"', target.profile(name))
    text = re.sub(r"^per_second = \d+$", "", text, flags=re.MULTILINE)
    for word, own in VENDORS[name].replaced.items():
        text = text.replace(word, own)
    for place, held in VENDORS[name].secrets.items():
        monkeypatch.setenv(place, held)
        (folder / place).write_text(held)
        text = text.replace(f"file:{place}", f"file:{folder / place}")
    return text


def test_every_ready_profile_has_a_stand_in() -> None:
    assert target.names() == sorted(VENDORS)
    for name in target.names():
        assert "NOT RUN AGAINST" in target.profile(name)
        assert "https://" in target.profile(name).split("\nurl = ")[0]


@pytest.mark.parametrize("name", list(VENDORS))
def test_leads_are_brought_in_followed_and_taken_out(
    bench: Bench, campaign: Campaign, name: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    vendor = VENDORS[name]()
    with FaultServer(vendor.take) as server:
        text = edited(name, server.url, tmp_path, monkeypatch)
        to = a_target(tmp_path / "profile.toml", text)
        first, second = bench.add(name="Bo"), bench.add(name="Cy", email="c@y.dk")
        # The first answer of all is lost: what it was about must not be doubled.
        server.plan(lost_answer())
        assert pull(campaign, to).dead == 0, vendor.wrong
        check(bench, vendor)
        bench.ask("PATCH", f"/{first}", {"fields": {"name": 'B"o&,{id}'}})
        bench.ask("PATCH", f"/{second}", {"fields": {"email": None}, "status": "won"})
        assert pull(campaign, to).upserts == 2
        check(bench, vendor)
        bench.ask("DELETE", f"/{first}")
        assert pull(campaign, to).removals == 1
        if vendor.removes:
            check(bench, vendor)
        bench.ask("PATCH", f"/{second}", {"status": "new"})
        forget(vendor, second)
        assert pull(campaign, to).dead == 0, vendor.wrong
        assert vendor.name_of(second) == "Cy"
        assert vendor.made == len(bench.listed()) + 2
        assert "s3cret" not in (tmp_path / "profile.toml.leadwell").read_bytes().decode(
            "latin-1"
        )


def forget(vendor: Vendor, lead_id: int) -> None:
    """Somebody deletes the record in the target."""
    del vendor.records[lead_id]


def check(bench: Bench, vendor: Vendor) -> None:
    assert not vendor.wrong, vendor.wrong[0]
    listed = bench.listed()
    assert vendor.records.keys() == listed.keys()
    for lead_id, lead in listed.items():
        assert vendor.name_of(lead_id) == lead["fields"]["name"]


PLAIN = """
url = "{url}"
[upsert]
path = "/leads/{{id}}"
body = {{ name = "{{fields.name}}", status = "{{status}}" }}
"""


@pytest.fixture
def asked() -> list[Request]:
    return []


@pytest.fixture
def server(asked: list[Request]) -> Iterator[FaultServer]:
    def take(request: Request) -> Reply:
        asked.append(request)
        return Reply.json({"id": len(asked)})

    with FaultServer(take) as found:
        yield found


def test_credentials_that_are_refused_end_the_run(
    campaign: Campaign, server: FaultServer, tmp_path: Path, bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("KEY", "s3cret-key")
    text = PLAIN.format(url=server.url).replace("[upsert]", AUTHORISED)
    to = a_target(tmp_path / "p.toml", text)
    server.plan(faults.status(401, b"no such key: s3cret-key"))
    with pytest.raises(ReceiverDenies) as raised:
        pull(campaign, to)
    assert "no such key: ***" in raised.value.message
    assert pull(campaign, to).upserts == len(bench.listed())
    said = bench.sync(f"http:{tmp_path / 'p.toml'}", KEY="s3cret-key")
    assert said.code == 0, said.err


AUTHORISED = """
[secrets]
key = "env:KEY"
[headers]
Authorization = "Bearer {secrets.key}"
X-Lead = "{event_id}"
[upsert]"""


def test_a_slug_without_a_value_stops_its_lead_alone(
    campaign: Campaign, server: FaultServer, tmp_path: Path, bench: Bench
) -> None:
    lead_id = bench.add(name="Di", source="partner-west")
    text = PLAIN.format(url=server.url).replace("{status}", "{fields.source}")
    text += '[map.source]\nwebsite = "web"\n'
    found = pull(campaign, a_target(tmp_path / "p.toml", text))
    west = [i for i, e in bench.listed().items() if slug(e) == "partner-west"]
    assert lead_id in west
    assert (found.dead, found.upserts) == (len(west), len(bench.listed()) - len(west))


def slug(lead: dict[str, Any]) -> str:
    return (lead["fields"]["source"] or {}).get("slug", "")


def test_a_dry_run_shows_each_request_and_no_secret(
    bench: Bench, server: FaultServer, asked: list[Request], tmp_path: Path
) -> None:
    path = tmp_path / "p.toml"
    path.write_text(PLAIN.format(url=server.url).replace("[upsert]", AUTHORISED))
    said = bench.sync(f"http:{path}", "--dry-run")
    assert said.code == 0, said.err
    shown = [json.loads(line) for line in said.out.splitlines()]
    assert len(shown) == len(bench.listed())
    assert shown[0]["url"] == f"{server.url}/leads/1"
    assert shown[0]["headers"]["Authorization"] == "Bearer ***"
    assert shown[0]["body"]["name"] == bench.listed()[1]["fields"]["name"]
    assert "nothing was sent" in said.err
    assert not asked
    assert [each.name for each in tmp_path.iterdir()] == ["p.toml"]
    assert bench.sync(f"http:{path}", KEY="x").code == 0
    again = bench.sync(f"http:{path}", "--dry-run")
    assert (again.code, again.out) == (0, "")


HEADER = """
url = "https://x.example"
[upsert]
path = "/"
headers = { X = "{fields.name}" }
"""


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("url = ", "is no TOML"),
        ('url = "https://x.example"\nheadrs = {}', "did you mean headers?"),
        ('url = "https://x.example"\n[upsert]\npth = "/"', "did you mean upsert.path?"),
        ('url = "https://x.example"\n[answers]\nsuccess = "2xx"', "Expected `array`"),
        ('url = "https://x.example"\n[answers]\nretries = []', "answers.retries"),
        ('url = "https://x.example"', "neither upsert nor create"),
        ('url = "http://x.example"\n[upsert]\npath = "/"', "others would see"),
        ('url = "https://x.example"\n[upsert]\npath = "x"', "begins with a /"),
        ('url = "https://x.example"\nbatch = 5\n[upsert]\npath = "/"', "upsert.each"),
        ('url = "https://x.example"\nparallel = 0\n[upsert]\npath = "/"', "to 16"),
        ('url = "https://x.example"\n[upsert]\npath = "/{id"', "brace without"),
        ('url = "https://x.example"\n[upsert]\npath = "/{id:int}"', "unknown kind"),
        ('url = "https://REPLACE_ME"\n[upsert]\npath = "/"', "edited: REPLACE_ME"),
        (HEADER, "cannot stand in a header"),
    ],
)  # fmt: skip
def test_a_profile_that_cannot_work_is_explained(
    text: str, what: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as raised:
        a_target(tmp_path / "p.toml", text)
    assert what in raised.value.detail


LOOKED_UP = """
url = "{url}"
[lookup]
path = "/search"
query = {{ mail = "{{fields.email}}" }}
method = "GET"
id = "id"
[create]
path = "/leads"
body = {{ name = "{{fields.name}}" }}
[update]
path = "/leads/{{remote_id}}"
"""


def test_what_is_looked_for_without_a_value_is_refused(
    campaign: Campaign, server: FaultServer, asked: list[Request], tmp_path: Path,
    bench: Bench,
) -> None:  # fmt: skip
    """The search of most targets finds just anybody then."""
    listed = bench.listed()
    has_none = [i for i, e in listed.items() if not e["fields"]["email"]]
    to = a_target(tmp_path / "p.toml", LOOKED_UP.format(url=server.url))
    found = pull(campaign, to)
    assert has_none
    assert (found.dead, found.upserts) == (len(has_none), len(listed) - len(has_none))
    assert not [each for each in asked if each.target.endswith("mail=")]


def test_a_page_for_people_is_no_search_result(
    campaign: Campaign, server: FaultServer, asked: list[Request], tmp_path: Path
) -> None:
    to = a_target(tmp_path / "p.toml", LOOKED_UP.format(url=server.url))
    server.plan(*[faults.PAGE_FOR_PEOPLE] * 3)
    found = Pull(campaign, "", to, Wanted(query="id=2,3,4")).run().delivered
    assert found
    assert found.waiting == 3
    assert "no JSON" in found.said
    assert not [each for each in asked if each.target == "/leads"]


@pytest.mark.parametrize("answer", [faults.UNAVAILABLE, faults.status(403)])
def test_a_search_that_fails_creates_nothing(
    campaign: Campaign, server: FaultServer, asked: list[Request], tmp_path: Path,
    answer: faults.Fault,
) -> None:  # fmt: skip
    hasty = replace(HASTY, tries_max=1)
    to = a_target(tmp_path / "p.toml", LOOKED_UP.format(url=server.url))
    server.plan(answer)
    with suppress(ReceiverDenies):
        found = Pull(campaign, "", replace(to, retry=hasty), Wanted(query="id=2")).run()
        assert found.delivered
        assert found.delivered.waiting == 1
    assert not [each for each in asked if each.target == "/leads"]


def test_what_was_created_without_an_id_is_not_created_again(
    campaign: Campaign, server: FaultServer, asked: list[Request], tmp_path: Path
) -> None:
    text = LOOKED_UP.format(url=server.url)
    text = re.sub(r"\[lookup\].*\[create\]", "[create]", text, flags=re.DOTALL)
    to = a_target(tmp_path / "p.toml", text)
    for _ in range(2):
        found = pull(campaign, to, query="id=2")
        assert (found.dead, found.upserts) == (1, 0)
    assert len(asked) == 1


def test_an_empty_part_of_an_address_leads_nowhere_else(
    campaign: Campaign, server: FaultServer, asked: list[Request], tmp_path: Path,
    bench: Bench,
) -> None:  # fmt: skip
    text = PLAIN.format(url=server.url).replace("/leads/{id}", "/leads/{fields.name}/x")
    up = bench.add(name="..")
    assert pull(campaign, a_target(tmp_path / "p.toml", text)).dead == 1
    bench.ask("DELETE", f"/{up}")
    assert all(each.target.startswith("/leads/") for each in asked)
    assert all(each.target.endswith("/x") for each in asked)


def test_a_rate_is_kept_to(server: FaultServer) -> None:
    waited: list[float] = []
    line = Line(sender_to(server.url, 5), pace=Pace(60), pause=waited.append)
    for _ in range(3):
        line.ask(Wire("GET", server.url), Answers())
    assert [round(each / 60) for each in waited] == [1, 2]


def test_secrets_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "s3cret\nX-Other: 1")
    with pytest.raises(UsageError, match="not one line") as raised:
        secret.read("env:KEY", "secret key")
    assert "s3cret" not in raised.value.detail


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        (("{{fields.name}}", "{{fields.nane}}"), "did you mean fields.name?"),
        (("[upsert]", "[map.sorce]\n[upsert]"), "did you mean source?"),
    ],
)
def test_what_no_lead_has_is_refused_before_anything_is_sent(
    campaign: Campaign, server: FaultServer, asked: list[Request], tmp_path: Path,
    edit: tuple[str, str], what: str,
) -> None:  # fmt: skip
    text = PLAIN.replace(*edit).format(url=server.url)
    with pytest.raises(UsageError) as raised:
        pull(campaign, a_target(tmp_path / "p.toml", text))
    assert what in raised.value.detail
    assert not asked


def test_a_profile_that_is_not_there_leads_to_the_ready_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(UsageError, match=r"no\.toml cannot be read") as raised:
        named("http:no.toml")
    assert "leadwell target list" in raised.value.detail
    with pytest.raises(SystemExit, match="0"):
        main(["target", "list"])
    listed = capsys.readouterr().out
    assert all(name in listed for name in VENDORS)
    with pytest.raises(SystemExit, match="0"):
        main(["target", "show", "odoo"])
    assert capsys.readouterr().out == target.profile("odoo")
    with pytest.raises(SystemExit, match="2"):
        main(["target", "show", "hubspt"])
    assert "did you mean hubspot?" in capsys.readouterr().err


VALUES = {
    "id": 5,
    "on": True,
    "tags": ["a", "b"],
    "name": 'x", "admin": true, {id}',
    "data": {"n": 1},
    "none": None,
}


@pytest.mark.parametrize(
    ("tree", "style", "shown"),
    [
        ({"a": "{id}", "b": "{id:text}"}, Style(), {"a": 5, "b": "5"}),
        (["{on}", "is {on}", "{tags}"], Style(), [True, "is true", ["a", "b"]]),
        (["{tags}", "{data}"], Style(separator=";"), ["a;b", {"n": 1}]),
        ("{{{id}}} {tags} {none}{data}", Style(), '{5} a,b {"n":1}'),
        ({"a": "{none}", "b": 1}, Style(), {"a": None, "b": 1}),
        ({"a": "{none}", "b": 1}, Style("omit"), {"b": 1}),
        ({"a": "{none}"}, Style("text"), {"a": ""}),
        (["{none}", {"v": "{none}", "w": 1}, {"v": 1}], Style("omit"), [{"v": 1}]),
        ("{none}", Style("omit"), None),
        ({"name": "{name}"}, Style(), {"name": VALUES["name"]}),
    ],
)
def test_a_template_is_filled_leaf_by_leaf(tree: Any, style: Style, shown: Any) -> None:
    assert template.filled(tree, VALUES.get, style) == shown


def test_a_value_stays_in_its_part_of_a_url() -> None:
    held = {"name": "a/b?c=d&e#f g"}
    found = template.text_of("/x/{name}/y", held.get, Style(), is_url=True)
    assert found == "/x/a%2Fb%3Fc%3Dd%26e%23f%20g/y"


def test_an_answer_is_searched_by_its_path() -> None:
    content = {"data": [{"id": 7}], "list": [1]}
    assert at(content, "data.0.id") == 7
    assert [at(content, p) for p in ("data.1.id", "data", "x.y", "list.0.z")] == [
        None
    ] * 4


def test_every_key_of_a_profile_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/target-profiles.md").read_text()
    for kind in (profile.Profile, profile.Call, profile.Replies):
        for key in kind.__struct_fields__:
            assert f"| `{key}` |" in page
