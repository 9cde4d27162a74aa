"""The files of deploy/ name what there is: settings, paths and addresses of the hub."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import yaml

from leadwell.settings import Settings
from tests.deploy import reading

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KNOWN = {f"LEADWELL_{setting.name.upper()}" for setting in fields(Settings)}
KNOWN |= {"LEADWELL_CONFIG"}


def test_every_setting_that_they_name_exists() -> None:
    for path in (each for each in DEPLOY.rglob("*") if each.is_file()):
        named = set(re.findall(r"LEADWELL_[A-Z_]+", path.read_text("utf-8")))
        assert named <= KNOWN, path.name


def test_the_image_is_built_of_what_reaches_the_builder() -> None:
    reached = reading.context(ROOT)
    for source in reading.copied(DEPLOY / "Dockerfile"):
        path = ROOT / source
        found = {path} if path.is_file() else set(path.rglob("*.py"))
        assert found <= reached, source


def test_nothing_else_reaches_the_builder() -> None:
    folders = {path.relative_to(ROOT).parts[0] for path in reading.context(ROOT)}
    assert folders == {
        *("LICENSE", "README.md", "THIRD_PARTY_NOTICES.md"),
        *("pyproject.toml", "requirements", "src"),
    }


def test_the_image_runs_as_nobody_special() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    assert re.search(r"^USER 10001$", text, re.MULTILINE)


def test_compose_shows_the_proxy_alone_to_the_world() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    assert [name for name, each in services.items() if "ports" in each] == ["proxy"]
    assert set(services["proxy"]["networks"]).isdisjoint(
        services["postgres"]["networks"]
    )


def test_browsers_of_the_composed_hub_are_told_to_stay_with_tls() -> None:
    """By the hub, which does so where its own address is one of TLS."""
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    settings = services["hub"]["environment"]
    assert settings["LEADWELL_PUBLIC_URL"].startswith("https://")
    assert Settings().hsts_s > 0
    assert "Strict-Transport" not in (DEPLOY / "Caddyfile").read_text("utf-8")


def test_compose_asks_for_what_the_example_names() -> None:
    compose = (DEPLOY / "compose.yaml").read_text("utf-8")
    asked = set(re.findall(r"\$\{(\w+)", compose))
    lines = (DEPLOY / "example.env").read_text("utf-8").splitlines()
    given = {line.partition("=")[0] for line in lines if not line.startswith("#")}
    assert given == asked


def test_the_guide_to_the_service_writes_settings_that_exist() -> None:
    page = (ROOT / "docs/how-to/run-as-a-service.md").read_text("utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert blocks
    for block in blocks:
        assert tomllib.loads(block).keys() <= {s.name for s in fields(Settings)}
