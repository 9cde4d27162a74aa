"""The SDK: reads leads from a hub, and writes them, with one token."""

from leadwell.client.calls import Page
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
from leadwell.client.hub import Campaign, Leadwell
from leadwell.client.lead import Choice, Lead, Person, Value
from leadwell.client.retry import NEVER, Retry

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
    "Page",
    "Person",
    "QuestionRefused",
    "RateLimited",
    "Retry",
    "Unauthenticated",
    "Unavailable",
    "UnexpectedAnswer",
    "Value",
]
