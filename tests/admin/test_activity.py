from leadwell.model.importing import State
from tests.admin.uploads import ROWS, upload
from tests.desk import Desk, text_of


def test_activity(desk: Desk, campaign) -> None:
    one = upload(desk, campaign.id, ROWS)
    one.do("check")
    one.do("load")
    for kind in ("", "leads", "settings", "reading", "imports", "erasures"):
        page = desk.get(f"/campaigns/{campaign.id}/activity?kind={kind}")
        print(text_of(page)[150:])
        assert page.status_code == 200
    print(text_of(desk.get("/campaigns")))
    assert 0
