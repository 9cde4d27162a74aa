"""Every error this project raises on purpose."""


class LeadwellError(Exception):
    """Base of every error raised on purpose."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Say what was wrong in `message`, and what to do about it in `hint`."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class UnreadableFile(LeadwellError):
    """The file cannot be read as a table of leads."""
