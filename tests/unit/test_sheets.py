"""What a workbook and a Parquet file make of cells that are hard to hold."""

from pathlib import Path

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from leadwell.errors import TooMany
from leadwell.sheets import xlsx
from leadwell.sheets.parquet import Parquet, held
from leadwell.sheets.table import Cell, Column, Kind, Words
from leadwell.sheets.xlsx import Workbook

TEXTS = [
    *("=1+1", "+45", "@x", "http://x.dk", "internal:x", "123", "  sp ", "'q'"),
    *("<r>bad & </r>", "<r>", "<r/></r>", "_x0041_", "a\r\nb\x01\x7f", "\ufeffbom"),
    *("\u202e", "æ\U0001f600" * 9000, '"a",b'),
]


def read(path: Path, name: str = "leads") -> list[list[object]]:
    found = CalamineWorkbook.from_path(str(path)).get_sheet_by_name(name)
    return [list(row) for row in found.to_python(skip_empty_area=False)]


def test_every_text_stays_the_text_that_it_is(tmp_path: Path) -> None:
    path = tmp_path / "l.xlsx"
    book = Workbook(path, [Column("t", Kind.TEXT)])
    book.add([text] for text in TEXTS)
    book.close()
    assert read(path)[1:] == [[text] for text in TEXTS]


def test_a_text_that_is_too_long_is_cut_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "l.xlsx"
    book = Workbook(path, [Column("t", Kind.TEXT)])
    book.add([["x" * 32_767], ["x" * 32_768], ["\U0001f600" * 16_384]])
    book.close()
    (_, [whole], [cut], [wide]) = read(path)
    assert (whole, len(str(cut))) == ("x" * 32_767, 32_767)
    for each in (cut, wide):
        assert str(each).endswith(xlsx.CUT)
        assert len(str(each).encode("utf-16-le")) <= 2 * 32_767


@pytest.mark.parametrize(
    ("kind", "given", "shown"),
    [
        (Kind.WHOLE, 2**53, 2**53),
        (Kind.WHOLE, 2**53 + 1, str(2**53 + 1)),
        (Kind.DECIMAL, "1200.50", 1200.5),
        (Kind.DECIMAL, "9" * 24, "9" * 24),
        (Kind.DATE, "1900-02-28", "1900-02-28"),
        (Kind.MOMENT, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        (Kind.BOOLEAN, False, False),
        (Kind.CHOICES, ["a", "b"], "a,b"),
        (Kind.CHOICES, [], ""),
        (Kind.TEXT, None, ""),
    ],
)
def test_what_a_cell_cannot_hold_exactly_is_text(
    tmp_path: Path, kind: Kind, given: Cell, shown: object
) -> None:
    path = tmp_path / "l.xlsx"
    book = Workbook(path, [Column("id", Kind.WHOLE), Column("c", kind)])
    book.add([[1, given]])
    book.close()
    assert read(path)[1][1] == shown


def test_slugs_are_explained_on_sheets_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "l.xlsx"
    words = Words("options", ("slug", "label"), (("a", "=A"),))
    Workbook(path, [Column("id", Kind.WHOLE)], [words]).close()
    assert read(path, "options") == [["slug", "label"], ["a", "=A"]]
    assert read(path) == [["id"]]


def test_more_columns_than_a_sheet_has_are_refused(tmp_path: Path) -> None:
    columns = [Column(f"c{number}", Kind.TEXT) for number in range(16_385)]
    with pytest.raises(TooMany, match="16,384 columns, not 16,385"):
        Workbook(tmp_path / "l.xlsx", columns)


@pytest.mark.parametrize("kind", [Workbook, Parquet])
def test_what_is_discarded_leaves_nothing(
    tmp_path: Path, kind: type[Workbook] | type[Parquet]
) -> None:
    path = tmp_path / "l"
    sheet = kind(path, [Column("id", Kind.WHOLE)])
    sheet.add([[1]])
    sheet.discard()
    assert not path.exists()
    assert not path.with_name("l.lines").exists()


@pytest.mark.parametrize("kind", [Workbook, Parquet])
def test_no_room_is_an_error_of_the_system(
    tmp_path: Path, kind: type[Workbook] | type[Parquet]
) -> None:
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" / "l"
    sheet = kind(path, [Column("id", Kind.WHOLE)])
    sheet.add([[1]])
    path.mkdir()
    with pytest.raises(OSError, match="l"):
        sheet.close()
    sheet.discard()


def test_parquet_has_types_and_any_name(tmp_path: Path) -> None:
    path = tmp_path / "it's.parquet"
    columns = [
        Column("id", Kind.WHOLE),
        Column("field.version", Kind.DECIMAL),
        Column('a "b"', Kind.CHOICES),
        Column("visit_at", Kind.MOMENT),
        Column("version", Kind.WHOLE),
    ]
    file = Parquet(path, columns)
    file.add([[2**40, "-0.000000000001", ["x"], "2025-02-21T08:30:00.000001Z", 3]])
    file.close()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    with duckdb.connect() as opened:
        table = opened.read_parquet(str(path))
        kinds = [str(kind) for kind in table.types]
        asked = '"visit_at"::VARCHAR, "a ""b""", "field.version"::VARCHAR'
        assert table.project(asked).fetchall() == [
            ("2025-02-21 08:30:00.000001+00", ["x"], "-0.000000000001")
        ]
    assert kinds[:3] == ["BIGINT", "DECIMAL(36,12)", "VARCHAR[]"]
    assert kinds[3] == "TIMESTAMP WITH TIME ZONE"
    assert held(path, ("id", "version"), but="visit_at") == []
    assert held(path, ("id", "version")) == [(2**40, 3)]
