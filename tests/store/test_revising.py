"""A change of the schema revises leads, whoever may see them."""

from dataclasses import replace

from leadwell.model.grant import Author
from leadwell.schema import querystring, question
from leadwell.store.connection import Connection
from leadwell.store.writes import history, rows
from leadwell.store.writes.writing import Writing
from tests import make


def test_a_revision_is_a_version_of_its_own_in_every_scope(database, campaign) -> None:
    lead = make.a_lead(database, campaign, fields={"budget": 5})
    asked = question.conditions(campaign, querystring.decode(b"budget=5"))
    name = campaign.field_by_slug["name"].id

    def job(connection: Connection) -> None:
        author = Author("partner", asked)
        writing = Writing.begin(connection, campaign, author, now=1, count=1)
        writing.revise(lead, replace(lead, values={name: "Jane Doe"}))
        writing.close()

    database.write(job).result()

    with database.reading() as connection:
        found = rows.find(connection, campaign, lead.id)
        told = history.find(connection, campaign.id, lead.id)
    assert found is not None
    assert (found.version, dict(found.values)) == (2, {name: "Jane Doe"})
    assert found.updated_at > lead.updated_at
    assert [each.op for each in told] == ["create", "schema"]
    budget = str(campaign.field_by_slug["budget"].id)
    assert told[1].changes == {budget: (5, None)}
