"""Who is let in once as many requests are open as there are places."""

import pytest

from leadwell.api.load.crowd import Crowd, Room
from leadwell.errors.limits import Overloaded, TooManyAtOnce

ROOM = Room(
    in_flight_max=12, token_in_flight_max=6, long_polls_max=9, token_long_polls_max=9
)


def test_who_has_less_than_its_share_is_let_in_though_all_is_taken() -> None:
    crowd = Crowd(ROOM)
    for reader in (b"a", b"b"):
        for _ in range(6):
            crowd.enter(reader)
    with pytest.raises(TooManyAtOnce):
        crowd.enter(b"a")
    # A third of the places is that of the third.
    for _ in range(4):
        crowd.enter(b"c")
    with pytest.raises(Overloaded):
        crowd.enter(b"c")


def test_there_is_an_end_to_it_however_many_ask() -> None:
    crowd = Crowd(ROOM)
    stays = [crowd.enter(b"%d" % reader) for reader in range(24)]
    with pytest.raises(Overloaded):
        crowd.enter(b"one more")
    stays.pop().leave()
    crowd.enter(b"one more")
    for stay in stays:
        stay.leave()
    for _ in range(6):
        crowd.enter(b"a")
