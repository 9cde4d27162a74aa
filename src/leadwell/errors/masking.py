"""The error for a question about values that the token does not see."""

from leadwell.errors import LeadwellError


class MaskedField(LeadwellError):
    """The token sees a mask in place of the field's values, and cannot ask for them."""

    code = "masked_field"
