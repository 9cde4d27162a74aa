import re
from dataclasses import fields
from pathlib import Path

import pytest

from leadwell.errors import UsageError
from leadwell.settings import SECRETS, Settings, load, strangers, to_environment


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "leadwell.toml").write_text('port = 1\nhost = "::1"\n')
    read = load({"LEADWELL_PORT": "2"}, tmp_path)
    assert (read.port, read.host, read.workers) == (2, "::1", 1)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load({"LEADWELL_CONFIG": str(tmp_path / "missing.toml")}, tmp_path)
    assert load({}, tmp_path) == Settings()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("prot = 1", "unknown setting 'prot'"),
        ('port = "many"', "the setting port"),
        ("port = [", "not TOML"),
        ("port = [1]", "the setting port"),
        ('allow_unsafe_database = "perhaps"', "the setting allow_unsafe_database"),
        ('console = "redoc"', "the setting console is 'redoc'"),
        ("console = true", "the setting console is True"),
        ("token_rate = -1", "the setting token_rate is -1"),
        ("rate_burst_s = inf", "the setting rate_burst_s is inf"),
        ("in_flight_max = 0", "the setting in_flight_max is 0"),
        ("port = 80000", "the setting port is 80000"),
        ('public_url = "hub.example"', "the setting public_url is 'hub.example'"),
        ('public_url = "https://"', "the setting public_url is 'https://'"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "leadwell.toml").write_text(content)
    with pytest.raises(UsageError, match=message):
        load({}, tmp_path)


def test_a_wrong_variable_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the setting workers") as caught:
        load({"LEADWELL_WORKERS": "two"}, tmp_path)
    assert caught.value.hint == "it is a whole number"


def test_a_variable_that_is_nearly_a_setting_is_noticed() -> None:
    given = {"LEADWELL_DATABSE": "x", "LEADWELL_PUBLIC_URL_FILE": "x"}
    others = {"LEADWELL_TOKEN": "x", "LEADWELL_URL": "x", "LEADWELL_CONFIG": "x"}
    kept = {"LEADWELL_DATABASE_FILE": "x", "LEADWELL_PORT": "1", "DATABSE": "x"}
    assert strangers(given | others | kept) == [
        "LEADWELL_DATABSE is no setting; did you mean LEADWELL_DATABASE?",
        "LEADWELL_PUBLIC_URL_FILE is no setting; did you mean LEADWELL_PUBLIC_URL?",
    ]


def test_a_setting_of_a_few_words_tells_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load({"LEADWELL_CONSOLE": "Scalar"}, tmp_path)
    assert caught.value.hint == "it is one of scalar, swagger-ui, off"
    assert load({"LEADWELL_CONSOLE": "off"}, tmp_path).console == "off"


@pytest.mark.parametrize(("text", "is_allowed"), [("true", True), ("false", False)])
def test_a_yes_or_no_is_read_from_a_word(
    tmp_path: Path, text: str, is_allowed: bool
) -> None:
    read = load({"LEADWELL_ALLOW_UNSAFE_DATABASE": text}, tmp_path)
    assert read.allow_unsafe_database is is_allowed
    assert load(to_environment(read), tmp_path) == read


def test_settings_reach_the_workers_whole(tmp_path: Path) -> None:
    settings = Settings(port=7, public_url="https://x.example", header_timeout_s=1.5)
    assert load(to_environment(settings), tmp_path) == settings


def test_every_setting_explains_itself() -> None:
    source = Path(load.__code__.co_filename).read_text("utf-8")
    for setting in fields(Settings):
        after = source.split(f"    {setting.name}: ", 1)[1]
        assert after.split("\n", 2)[1].strip().startswith('"""'), setting.name


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_may_stand_in_a_file(tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("what nobody else knows\n")
    read = load({f"LEADWELL_{name.upper()}_FILE": str(secret)}, tmp_path)
    assert getattr(read, name) == "what nobody else knows"
    # Workers get the environment of who starts them, and theirs on top.
    inherited = {f"LEADWELL_{name.upper()}_FILE": str(secret)}
    assert load(inherited | to_environment(read), tmp_path) == read


def test_a_secret_is_given_once(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    given = {
        "LEADWELL_METRICS_TOKEN": "y",
        "LEADWELL_METRICS_TOKEN_FILE": str(tmp_path / "secret"),
    }
    with pytest.raises(UsageError, match="are both set"):
        load(given, tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b" \n", "is empty"),
        (b"\xff", "cannot be read: it is not UTF-8"),
    ],
)
def test_a_file_without_a_secret_is_told(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        load({"LEADWELL_DATABASE_FILE": str(file)}, tmp_path)
    assert "LEADWELL_DATABASE_FILE" in caught.value.detail


def test_every_setting_that_holds_a_secret_may_stand_in_a_file() -> None:
    source = Path(load.__code__.co_filename).read_text("utf-8")
    for setting in fields(Settings):
        told = source.split(f"    {setting.name}: ", 1)[1].split('"""', 2)[1]
        if re.search(r"\b(the secret|password@)", told, re.IGNORECASE):
            assert setting.name in SECRETS
