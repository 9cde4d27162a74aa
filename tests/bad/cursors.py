"""What is no cursor and no pin, wherever one may stand."""

from tests.bad.row import LIST, refused

TEXTS = [
    *("0", "-1", "c1_", "c1_A", "c1_====", "Start", "START", "null", "../.."),
    *("%F0%9F%92%A9", "c1_%C3%B8", "%2500x", "c1_a%2Bb/", "c1_%09"),
    *(f"c1_{'A' * count}" for count in (16, 38, 997, 5000)),
]
APART = [
    "page=2&_cursor=start",
    "page=2&%5Fcursor=start",
    "%5Fcursor=start&page=2",
]
PLACES = (f"{LIST}?", f"{LIST}/changes?", f"{LIST}/export?_after=5&")
ROWS = [
    *(
        refused(f"{place}_cursor={text}", "invalid_cursor")
        for place in PLACES
        for text in TEXTS
    ),
    *(refused(f"{LIST}?{asked}", "contradiction", at="page") for asked in APART),
    refused(f"{LIST}/changes?_cursor=start", "invalid_cursor"),
    refused(f"{LIST}/changes?_cursor=", "empty_value"),
    refused(f"{LIST}/changes?_cursor=start&_from=now", "contradiction"),
    refused(f"{LIST}?_snapshot=", "empty_value"),
    refused(f"{LIST}?_snapshot=x&page=2", "malformed_value"),
    refused(f"{LIST}?_snapshot=none&_cursor=start", "contradiction"),
]
