from starlette.testclient import TestClient

from tests import make


def test_a_token_with_a_filter_never_sees_past_it(
    client: TestClient, database, account, campaign
) -> None:
    make.a_lead(database, campaign, fields={"source": "partner-west"})
    make.a_lead(database, campaign, fields={"source": "partner-north"})
    token = make.a_token(database, account, campaign, "source=partner-west")

    answer = client.get(
        "/v2/campaigns/362/leads", headers={"Authorization": f"Bearer {token}"}
    )

    assert [lead["id"] for lead in answer.json()["data"]] == [1]
    assert answer.json()["pagination"]["total"] == 1
