"""E-mail addresses, phone numbers and URLs: text in one normal form."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from leadwell.errors import MalformedValue
from leadwell.model.campaign import Field
from leadwell.model.lead import JSON
from leadwell.schema.fields.base import (
    PLAIN,
    FieldType,
    JSONSchema,
    Reading,
    text_given,
)
from leadwell.schema.operators import TEXT_OPERATORS

CHARACTERS_MAX = 2_048
_PLAIN_CHARACTERS_MAX = 64
_PLAIN = re.compile(
    r"(?P<name>[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*)@(?P<domain>[A-Za-z0-9.-]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(FieldType):
    """Text with a normal form, in which it is kept and compared."""

    normal_form: Callable[[str, Reading], str]
    """Return the normal form, or raise `MalformedValue`."""
    format: str
    """The `format` of JSON Schema, or one that readers may not know."""
    pattern: str | None = None
    """What every value matches, where no known format says it."""
    sample: str

    def read(self, field: Field, given: JSON, reading: Reading = PLAIN) -> str:
        """Bring what was given into the normal form."""
        del field
        text = text_given(given, self.summary, CHARACTERS_MAX)
        return self.normal_form(text.strip(), reading)

    def key(self, value: str) -> str:
        """Compare case folded, by Python's own rules on every database."""
        return value.casefold()

    def json_schema(self, field: Field) -> JSONSchema:
        """Describe a string with its format."""
        del field
        described: JSONSchema = {
            "type": "string",
            "format": self.format,
            "maxLength": CHARACTERS_MAX,
        }
        return described | ({"pattern": self.pattern} if self.pattern else {})

    def example(self, field: Field) -> str:
        """Give a value that belongs to nobody."""
        del field
        return self.sample


def _email(text: str, reading: Reading) -> str:
    del reading
    try:
        # Most of a thousand addresses have one of a few domains, and a plain name.
        if len(text) <= _PLAIN_CHARACTERS_MAX and (plain := _PLAIN.fullmatch(text)):
            return f"{plain['name']}@{_domain(plain['domain'])}"
        return _normal(text)
    except EmailNotValidError as error:
        raise MalformedValue(
            f"{text[:80]!r} is not an e-mail address",
            hint=f"{error}",
            value=text,
        ) from None


def _normal(text: str) -> str:
    return validate_email(text, check_deliverability=False).normalized


@lru_cache(maxsize=4_096)
def _domain(domain: str) -> str:
    """Return the normal form of a domain, whatever plain name stands before it."""
    return _normal(f"a@{domain}").partition("@")[2]


def _phone(text: str, reading: Reading) -> str:
    try:
        number = phonenumbers.parse(text, reading.country)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise MalformedValue(
            f"{text[:40]!r} is not a phone number",
            hint="write +45 12 34 56 78, or the number as it is dialled in "
            f"{reading.country}",
            value=text,
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _url(text: str, reading: Reading) -> str:
    del reading
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = None, None
    has_gap = any(character.isspace() for character in text)
    if (
        parts is None
        or parts.scheme.lower() not in {"http", "https"}
        or not host
        or has_gap
    ):
        raise MalformedValue(
            f"{text[:80]!r} is not a web address",
            hint="write it in full: https://example.com/page",
            value=text,
        )
    return parts._replace(
        scheme=parts.scheme.lower(), netloc=parts.netloc.replace(host, host)
    ).geturl()


EMAIL = Contact(
    name="email",
    summary="an e-mail address",
    operators=TEXT_OPERATORS,
    widget="email",
    sorts_by="key",
    is_text=True,
    normal_form=_email,
    format="idn-email",
    sample="jane@example.com",
)
PHONE = Contact(
    name="phone",
    summary="a phone number, answered as E.164",
    operators=TEXT_OPERATORS,
    widget="tel",
    sorts_by="key",
    is_text=True,
    normal_form=_phone,
    format="phone",
    sample="+4532123456",
)
URL = Contact(
    name="url",
    summary="a web address",
    operators=TEXT_OPERATORS,
    widget="url",
    sorts_by="key",
    is_text=True,
    normal_form=_url,
    # No `uri`: hosts and paths may have letters of any alphabet.
    format="web-address",
    pattern=r"^https?://\S+$",
    sample="https://example.com/offer",
)
