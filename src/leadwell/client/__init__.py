"""The SDK: reads leads from a hub, and writes them, with one token."""

from leadwell.client.calls.reading import Page
from leadwell.client.calls.writing import Outcome
from leadwell.client.campaign import Campaign
from leadwell.client.errors import (
    Conflict,
    CursorLost,
    Forbidden,
    Gone,
    HubError,
    NotFound,
    QuestionRefused,
    RateLimited,
    Unauthenticated,
    Unavailable,
    UnexpectedAnswer,
)
from leadwell.client.feed import Bucket, Change, Changes, Digest, Held
from leadwell.client.hub import Leadwell
from leadwell.client.lead import Choice, Lead, Person, Value
from leadwell.client.wire import address
from leadwell.client.wire.retry import NEVER, Retry

__all__ = [
    "NEVER",
    "Bucket",
    "Campaign",
    "Change",
    "Changes",
    "Choice",
    "Conflict",
    "CursorLost",
    "Digest",
    "Forbidden",
    "Gone",
    "Held",
    "HubError",
    "Lead",
    "Leadwell",
    "NotFound",
    "Outcome",
    "Page",
    "Person",
    "QuestionRefused",
    "RateLimited",
    "Retry",
    "Unauthenticated",
    "Unavailable",
    "UnexpectedAnswer",
    "Value",
    "address",
]
