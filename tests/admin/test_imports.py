from tests.admin.uploads import ROWS, counts, upload
from tests.desk import Desk, text_of


def test_a_file_is_mapped_checked_loaded_and_undone(desk: Desk, campaign) -> None:
    one = upload(desk, campaign.id, ROWS)
    assert one.page.status_code == 200
    page = one.do("check")
    assert counts(page)["New leads"] == 2
    assert counts(page)["Refused"] == 1
    page = one.do("load")
    assert counts(page)["Added"] == 2
    page = one.look("?undo=1")
    assert "2 leads that it has added are deleted" in text_of(page)
    page = one.do("undo")
    assert "2 leads are taken back" in text_of(page)
