"""What the environment and the configuration file decide, read once and frozen."""

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from leadwell.errors import UsageError

PREFIX = "LEADWELL_"
FILE_DEFAULT = "leadwell.toml"
CHOICES = {"console": ("scalar", "swagger-ui", "off")}
"""The settings that are one of a few words."""
AT_LEAST_ONE = ("connections_max", "in_flight_max", "token_in_flight_max", "workers")
"""The settings with which 0 would mean that nobody is served."""
SECRETS = ("database", "database_replicas", "migrate_url", "metrics_token")
"""The settings that are secrets, or hold one. `LEADWELL_DATABASE_FILE` and its like
name a file with the value, as Docker and systemd hand secrets over: the environment of
a process is shown by too many tools."""
PORT_MAX = 65_535
NEAR = 0.85
"""How much a variable is like a setting to be taken for a mistyped one, of 1."""
_WORDS: Mapping[type, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting there is, with its unit last."""

    database: str = "sqlite:///leadwell.db"
    """Where the leads are: `sqlite:///leads.db`, four slashes for an absolute path, or
    `postgresql://user:password@host/name`."""
    database_replicas: str = ""
    """Standbys of a PostgreSQL database that answer reads, as addresses with commas
    between them. A read that one of them cannot answer as the primary would is the
    primary's."""
    migrate_url: str = ""
    """The same database by a user, or a node, that may change its schema: `leadwell
    migrate` takes it, a hub never does. Empty: the database as it is named above."""
    database_pooler: bool = False
    """Whether a pooler such as PgBouncer stands before PostgreSQL, in transaction mode:
    then nothing is prepared, and nothing is expected of a connection."""
    statement_timeout_s: float = 10.0
    """How long the database may look for an answer before it gives up, in seconds."""
    allow_unsafe_database: bool = False
    """Whether a PostgreSQL server may be used that can lose answered writes; only for
    trials."""
    key_file: str = ""
    """The instance key: whoever has it and the database can check tokens, so keep it
    apart from backups. Empty: a file beside the database, or `leadwell.key` here with
    PostgreSQL, made at first use."""
    erasure_file: str = ""
    """Which leads were erased, by id, so that a restored backup erases them again: keep
    it apart from backups. Empty: a file beside the database, or `leadwell.erasures`
    here with PostgreSQL; then name a place that every command finds."""
    history_days: int = 0
    """How long it is kept who changed what of a lead, in days; 0: for ever."""
    audit_days: int = 0
    """How long the audit log is kept, in days; 0: for ever."""
    audit_every_s: float = 60.0
    """How often the requests of readers are summed up in the audit log, in seconds: so
    much of it a crash may lose, and so many rows it has."""
    public_url: str = ""
    """Where readers reach the hub, with its path prefix; links are made from it.
    Empty: the address it listens on."""
    host: str = "127.0.0.1"
    """The address to listen on; `0.0.0.0` for all of the machine's."""
    allow_setup: bool = False
    """Whether the hub may answer at an address that others reach before anybody can
    administrate it; the link that makes the first administrator stands in its log. On
    in the image, where what is reached is decided outside of it."""
    port: int = 8362
    """The port to listen on; 0 takes a free one."""
    workers: int = 1
    """How many processes answer requests."""
    root_path: str = ""
    """The path prefix that a proxy removes before it passes requests on."""
    trusted_proxies: str = "127.0.0.1"
    """Whose `X-Forwarded-For` is believed: addresses and networks with commas between
    them. `*` believes whoever asks: then nobody but a proxy may reach the hub."""
    hsts_s: int = 31_536_000
    """For how long browsers may ask this host over TLS alone, in seconds
    (`Strict-Transport-Security`); told only where `public_url` is https. 0: they are
    not told."""
    cors_origins: str = ""
    """Origins, such as `https://app.example.com`, with commas between them, whose pages
    may ask the API with a token from a browser. Empty: no other site's."""
    url_bytes_max: int = 8_192
    """The longest URL that is read."""
    header_bytes_max: int = 16_384
    """The largest head of a request that is read."""
    body_bytes_max: int = 1_048_576
    """The largest body that is read."""
    batch_bytes_max: int = 16_777_216
    """The largest body of a batch that is read."""
    upload_bytes_max: int = 209_715_200
    """The largest file of leads that is taken on the pages, with its form."""
    header_timeout_s: float = 10.0
    """How long a client may take to send the head of a request, in seconds."""
    keep_alive_s: int = 125
    """How long a connection is kept that nothing is asked over, in seconds: longer than
    a proxy keeps it, which asks over it at the moment that it ends otherwise. Caddy
    keeps 120 seconds, Traefik 90, nginx and AWS 60."""
    body_timeout_s: float = 30.0
    """How long a client may take to send the body of a request, in seconds."""
    reader_timeout_s: float = 30.0
    """Within how many seconds a client has to take 64 KiB of an answer that waits for
    it, or the rest, before it is cut off."""
    token_rate: float = 200.0
    """Points that a token may spend each second, unless it has a rate of its own: a
    request costs one, and one more for each 100 leads. 0: any number."""
    link_rate: float = 20.0
    """The same for a link, such as that of a CSV feed."""
    rate_burst_s: float = 10.0
    """For how many seconds of its rate a reader may spend at once."""
    wrong_tokens_rate: float = 1.0
    """How many wrong tokens may come from one address each second. Beyond that it is
    answered `429`, unless it sends a token that was good before. 0: any number."""
    wrong_passwords_rate: float = 0.2
    """How many wrong passwords may come from one address each second, after the first
    ten. Beyond that nobody signs in from there. 0: any number."""
    connections_max: int = 10_000
    """Connections that one process holds; the next one is told `503` at once."""
    in_flight_max: int = 128
    """Requests with a token that one process works on at once."""
    token_in_flight_max: int = 32
    """The same, of one token or link; answers that are still being sent count too."""
    long_polls_max: int = 5_000
    """Requests that wait for a change, in one process."""
    token_long_polls_max: int = 500
    """The same, of one token."""
    stop_timeout_s: float = 10.0
    """How long requests may take to end when the hub stops, in seconds."""
    metrics_token: str = ""
    """The secret that Prometheus sends as its bearer token to read `/metrics`. Empty:
    there is no such page."""
    webhook_networks: str = ""
    """Networks, as CIDR blocks with commas between them, that webhooks may reach though
    they are no public ones, and without TLS. Empty: only public addresses over https,
    so that nobody can have the hub ask what stands beside it."""
    mcp: bool = True
    """Whether AI assistants may read leads at `/mcp`, with a token as at the API, once
    `leadwell[mcp]` is installed."""
    server_timing: bool = False
    """Whether answers say in `Server-Timing` what their time went into; it tells
    readers how large what they do not see is, so only for a while."""
    console: str = "scalar"
    """What `/docs/console` tries requests out with: `scalar`, `swagger-ui`, or `off`
    for no such page."""
    log_level: str = "info"
    """How much is logged: debug, info, warning or error."""

    @property
    def url(self) -> str:
        """Where readers reach the hub, without a slash at the end."""
        own = f"http://{self.host}:{self.port}{self.root_path}"
        return (self.public_url or own).rstrip("/")


def load(environment: Mapping[str, str], folder: Path) -> Settings:
    """Read the file named by `LEADWELL_CONFIG`, or `leadwell.toml`, then `LEADWELL_*`.

    The environment wins over the file.

    Raises:
        UsageError: a setting is unknown, or has a value it cannot have.
    """
    given: dict[str, Any] = {}
    named = environment.get(f"{PREFIX}CONFIG")
    path = Path(named) if named else folder / FILE_DEFAULT
    if named or path.is_file():
        given |= _from_file(path)
    for setting in fields(Settings):
        text = _given(environment, setting.name)
        if text:
            given[setting.name] = _converted(setting.name, text)
    settings = Settings(**given)
    check(settings)
    return settings


def check(settings: Settings) -> None:
    """Refuse what has the right type, and yet cannot be.

    Raises:
        UsageError: with what would be right.
    """
    if settings.port > PORT_MAX:
        raise UsageError(
            f"the setting port is {settings.port}",
            hint=f"it is a whole number from 0 to {PORT_MAX}; 0 takes a free one",
        )
    if settings.public_url and not _is_address(settings.public_url):
        raise UsageError(
            f"the setting public_url is {settings.public_url!r}",
            hint="write it as readers reach it, for instance https://leads.example.com",
        )


def strangers(environment: Mapping[str, str]) -> list[str]:
    """Return the variables that look like settings misspelt, each with a word on it."""
    names = [f"{PREFIX}{setting.name.upper()}" for setting in fields(Settings)]
    known = {*names, *(f"{PREFIX}{name.upper()}_FILE" for name in SECRETS)}
    found: list[str] = []
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            near = get_close_matches(name, names, 1, NEAR)
            found += [f"{name} is no setting; did you mean {each}?" for each in near]
    return found


def _is_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def from_environment() -> Settings:
    """Read the settings of this process."""
    return load(os.environ, Path.cwd())


def to_environment(settings: Settings) -> dict[str, str]:
    """Write settings as `LEADWELL_*`, for the worker processes.

    The files of secrets are named no more: they have been read.
    """
    files = {f"{PREFIX}{name.upper()}_FILE": "" for name in SECRETS}
    return files | {
        PREFIX + setting.name.upper(): str(getattr(settings, setting.name))
        for setting in fields(Settings)
    }


def _given(environment: Mapping[str, str], name: str) -> str | None:
    """Return what the environment says of a setting: itself, or in a file."""
    variable = PREFIX + name.upper()
    text, file = environment.get(variable), environment.get(f"{variable}_FILE")
    if name not in SECRETS or not file:
        return text
    if text:
        raise UsageError(
            f"{variable} and {variable}_FILE are both set", hint="keep one of the two"
        )
    try:
        text = Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(
            f"{file}, which {variable}_FILE names, cannot be read: {why}",
            hint="name a file that the user of this process may read",
        ) from None
    if not text:
        raise UsageError(
            f"{file}, which {variable}_FILE names, is empty",
            hint="write the value into it, on one line",
        )
    return text


def _from_file(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from None
    known = {setting.name for setting in fields(Settings)}
    for name in content:
        if name not in known:
            raise UsageError(
                f"{path} has an unknown setting {name!r}",
                hint=f"known: {', '.join(sorted(known))}",
            )
    return {name: _converted(name, value) for name, value in content.items()}


def _converted(name: str, given: object) -> object:
    known = CHOICES.get(name)
    if known and given not in known:
        raise UsageError(
            f"the setting {name} is {given!r}", hint=f"it is one of {', '.join(known)}"
        )
    wanted = cast("type[str | int | float]", type(getattr(Settings(), name)))
    try:
        if wanted is bool:
            return _TRUTHS[str(given).lower()]
        value = wanted(cast("str", given))
    except (KeyError, TypeError, ValueError):
        raise UsageError(
            f"the setting {name} is {given!r}",
            hint=f"it is {_WORDS.get(wanted, 'a text')}",
        ) from None
    least = 1 if name in AT_LEAST_ONE else 0
    if isinstance(value, int | float) and not least <= value < math.inf:
        raise UsageError(
            f"the setting {name} is {given!r}", hint=f"it is {least} or more"
        )
    return value
