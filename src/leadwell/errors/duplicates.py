"""The error for a lead of somebody who is there already."""

from leadwell.errors import Conflict
from leadwell.errors.kinds import Problem


class DuplicateLead(Conflict):
    """The campaign refuses a second lead with the same e-mail address or phone."""

    code = "duplicate_lead"

    @classmethod
    def of(cls, lead_id: int, slug: str) -> "DuplicateLead":
        """Name the lead that is there, and the field of the new one that says so."""
        error = cls(
            f"lead {lead_id} has the same {slug}",
            hint=f"change lead {lead_id} instead: PATCH …/leads/{lead_id}",
        )
        error.problems = (error.problem(pointer=f"/fields/{slug}"),)
        return error

    @property
    def place(self) -> Problem:
        """Where it stands in the lead."""
        return self.problems[0]
