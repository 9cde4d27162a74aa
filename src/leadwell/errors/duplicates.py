"""The error for a lead of somebody who is there already."""

from leadwell.errors import Conflict


class DuplicateLead(Conflict):
    """The campaign refuses a second lead with the same e-mail address or phone."""

    code = "duplicate_lead"

    @classmethod
    def of(cls, lead_id: int, slug: str) -> "DuplicateLead":
        """Name the lead that is there, and the field of the new one that says so."""
        return cls._at(
            slug,
            f"lead {lead_id} has the same {slug}",
            f"change lead {lead_id} instead: PATCH …/leads/{lead_id}",
        )

    @classmethod
    def of_row(cls, slug: str) -> "DuplicateLead":
        """Say the same of a row of a file, where another row comes before it."""
        hint = "leave one of the two out"
        return cls._at(slug, f"a row before it has the same {slug}", hint)

    @classmethod
    def _at(cls, slug: str, message: str, hint: str) -> "DuplicateLead":
        error = cls(message, hint=hint)
        error.problems = (error.problem(pointer=f"/fields/{slug}"),)
        return error
