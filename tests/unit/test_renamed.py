from dataclasses import replace
from typing import Any

import pytest

from leadwell.errors import MalformedQuery
from leadwell.model.campaign import Campaign
from leadwell.schema.question.renamed import former
from tests import make


@pytest.fixture
def campaign() -> Campaign:
    """One whose source, its first option and its first status were renamed."""
    made = make.a_campaign()
    source = next(f for f in made.fields if f.slug == "source")
    options = (replace(source.options[0], aliases=("west",)), *source.options[1:])
    new = replace(made.statuses[0], aliases=("fresh",))
    return replace(
        made,
        fields=(replace(source, aliases=("origin",), options=options),),
        statuses=(new, *made.statuses[1:]),
    )


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"", {}),
        (b"source=partner-west", {}),
        (b"origin=website", {"origin": "source"}),
        (b"field.origin[ne]=website", {"origin": "source"}),
        (
            b"origin[in]=west,website",
            {"origin": "source", "west": "partner-west"},
        ),
        (b"status=fresh,won", {"fresh": "new"}),
        (b"_fields=name,origin&_sort=-origin", {"origin": "source"}),
        (b"_q=west&name=origin", {}),
    ],
)
def test_former_slugs_in_a_question_are_found(
    campaign: Campaign, raw: bytes, found: dict[str, Any]
) -> None:
    assert former(campaign, raw) == found


def test_a_campaign_without_any_is_not_looked_at_closely(campaign: Campaign) -> None:
    assert former(make.a_campaign(), b"%zz") == {}
    with pytest.raises(MalformedQuery):
        former(campaign, b"%zz")
