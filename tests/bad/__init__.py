"""Everything that was ever found to be bad input, and what it has to be answered.

A new one is a row, in the module of the part that it is about. `api/test_bad_input`
asks each of them of a hub, and `end_to_end/test_bad_input_served` of a process.
"""

from tests.bad import bodies, cursors, forms, heads, questions, tools, writes
from tests.bad.row import Bad

ROWS: tuple[Bad, ...] = (
    *questions.ROWS,
    *cursors.ROWS,
    *bodies.ROWS,
    *writes.ROWS,
    *heads.ROWS,
    *tools.ROWS,
    *forms.ROWS,
)
