"""Signed messages, as Standard Webhooks has them (https://www.standardwebhooks.com)."""

import base64
import binascii
import hmac

from leadwell.errors import UsageError
from leadwell.model.hook import SECRET_PREFIX

SECRET_BYTES = (24, 64)
"""As Standard Webhooks asks for."""


def signed(event_id: str, at: int, body: bytes, *keys: bytes) -> dict[str, str]:
    """Return the headers of a body that is signed by each key.

    `at` is in seconds since 1970. A receiver looks for one signature that it knows.
    """
    content = f"{event_id}.{at}.".encode() + body
    digests = [hmac.digest(key, content, "sha256") for key in keys]
    signatures = [f"v1,{base64.b64encode(each).decode()}" for each in digests]
    return {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signatures),
    }


def key_of(given: str) -> bytes:
    """Read a secret: `whsec_` and base64.

    Raises:
        UsageError: it is none; it is not repeated.
    """
    least, most = SECRET_BYTES
    try:
        key = base64.b64decode(given.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not given.startswith(SECRET_PREFIX) or not least <= len(key) <= most:
        raise UsageError(
            "the secret of the webhook is none",
            hint=f"{SECRET_PREFIX} and {least} to {most} bytes in base64, as: "
            f"echo {SECRET_PREFIX}$(openssl rand -base64 32)",
        )
    return key
