"""Programs to copy, in Python without any package. The tests run them."""

from leadwell.describe.connectors.quoting import literal

_FOLLOWING = """\
import json, os, time, urllib.error, urllib.parse, urllib.request

URL = "{url}"
FILE = "leads.json"


def ask(cursor):
    asked = {{"_limit": 1000, "_wait": 25}}
    if cursor:
        asked["_cursor"] = cursor
    token = os.environ["LEADWELL_TOKEN"]
    request = urllib.request.Request(
        URL + "?" + urllib.parse.urlencode(asked),
        headers={{"Authorization": "Bearer " + token}},
    )
    with urllib.request.urlopen(request, timeout=90) as answer:
        return json.load(answer)


def apply(leads, entries):
    for entry in entries:
        if entry["op"] == "upsert":
            leads[str(entry["id"])] = entry["lead"]
        elif entry["op"] == "remove":
            leads.pop(str(entry["id"]), None)


def keep(copy):
    with open(FILE + ".new", "w") as file:
        json.dump(copy, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(FILE + ".new", FILE)  # copy and cursor change together


def load():
    if not os.path.exists(FILE):
        return {{"cursor": None, "leads": {{}}}}
    with open(FILE) as file:
        return json.load(file)


def follow():
    copy = load()
    while True:
        try:
            answer = ask(copy["cursor"])
        except urllib.error.HTTPError as error:
            if error.code == 410:  # the history was lost: begin anew
                copy = {{"cursor": None, "leads": {{}}}}
                continue
            if error.code not in (429, 503):
                raise
            time.sleep(float(error.headers.get("Retry-After", 5)))
            continue
        apply(copy["leads"], answer["data"])
        copy["cursor"] = answer["cursor"]
        keep(copy)
        if answer["up_to_date"]:
            print(len(copy["leads"]), "leads, up to date")


if __name__ == "__main__":
    follow()
"""
_DIGEST = '''\
import hashlib


def digest(leads):
    """The digest of leads, each with its id and its version."""
    sums = [0, 0, 0, 0]
    for lead_id, version in leads:
        text = "%d:%d" % (lead_id, version)
        first = hashlib.sha256(text.encode()).digest()[:16]
        for part in range(4):
            number = int.from_bytes(first[4 * part : 4 * part + 4], "big")
            sums[part] = (sums[part] + number) % 2**32
    return "".join("%08x" % each for each in sums)
'''
_PAGING = """\
import json, os, urllib.request

url = {url}
while url:
    token = os.environ["LEADWELL_TOKEN"]
    headers = {{"Authorization": "Bearer " + token}}
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        page = json.load(answer)
        links = answer.headers["Link"].split(", ")
    for lead in page["data"]:
        print(lead["id"], lead["fields"])
    following = [each for each in links if 'rel="next"' in each]
    url = following[0].partition("<")[2].partition(">")[0] if following else None
"""


def paging(url: str) -> str:
    """Return a program that reads page after page, from this one on."""
    return _PAGING.format(url=literal(url))


def following(url: str) -> str:
    """Return a program that holds a copy of the leads in a file."""
    return _FOLLOWING.format(url=url)


def digesting() -> str:
    """Return a function that adds up a copy as the hub does."""
    return _DIGEST
