"""What people have changed besides leads, as both databases keep it."""

from leadwell.store.people import activity
from leadwell.store.people.activity import What

EVER = 10**17


def test_what_was_done_is_told_newest_first(database, account, campaign) -> None:
    def job(connection) -> None:
        for at, what in enumerate((What.FIELD_ADDED, What.TOKEN_MADE), 1):
            for _ in range(2):
                activity.note(connection, campaign, what, "Åse", who="Ann", at=at)
        activity.note(connection, account, What.PERSON_INVITED, "Bo", who="", at=3)

    database.write(job).result()
    with database.reading() as connection:
        of_campaign = activity.find(connection, campaign, EVER, 9)
        assert [each.what for each in of_campaign] == ["token-made", "field-added"]
        assert (of_campaign[0].about, of_campaign[0].who) == ("Åse", "Ann")
        assert activity.find(connection, campaign, 2, 9) == of_campaign[1:]
        assert activity.find(connection, campaign, EVER, 1) == of_campaign[:1]
        (of_account,) = activity.find(connection, account, EVER, 9)
        assert (of_account.what, of_account.who) == ("person-invited", "")


def test_a_long_name_is_shortened(database, campaign) -> None:
    def job(connection) -> None:
        activity.note(connection, campaign, What.TOKEN_MADE, "x" * 9_999, who="", at=1)

    database.write(job).result()
    with database.reading() as connection:
        (found,) = activity.find(connection, campaign, EVER, 9)
    assert len(found.about) == activity.ABOUT_CHARACTERS_MAX
