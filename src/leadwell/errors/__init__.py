"""Every error this project raises on purpose.

LeadwellError
  InvalidQuestion         invalid          a query string that cannot be understood
    UnknownParameter      invalid          no such parameter or field
    DuplicateParameter    invalid          a parameter given twice
    EmptyValue            invalid          a parameter without a value
    UnknownOperator       invalid          the field cannot be compared that way
    UnknownOption         invalid          the select or status list has no such slug
    LabelNotSlug          invalid          a label stands where its slug belongs
    MalformedValue        invalid          the text is no value of the field's type
    OutOfRange            invalid          a page number or page size out of bounds
    MalformedQuery        invalid          broken percent-encoding, NUL, invalid UTF-8
    TooMany               invalid          more parameters or values than allowed
    Contradiction         invalid          two parts of the request exclude each other
    InvalidCursor         invalid          no cursor of this token and question
  MalformedBody           invalid          the body is no JSON object, or not clean JSON
  MalformedRequest        invalid          headers or lengths that contradict themselves
  TokenInURL              invalid          a token in the query string
  NotAuthenticated        unauthenticated  no bearer token
  InvalidToken            unauthenticated  wrong, expired or revoked token
  InsufficientScope       forbidden        the token lacks the right, or the campaign
  AddressNotAllowed       forbidden        the token may not be used from there
  OriginNotAllowed        forbidden        a page of another site asks in a browser
  NotAllowed              forbidden        who is signed in may not do that
  NotFound                not_found        no such thing, or none this token may see
    CampaignNotFound      not_found        no such campaign
    LeadNotFound          not_found        no such lead
  MethodNotAllowed        wrong_method     the path knows other methods only
  Conflict                conflict         the name is taken (also `duplicates`)
  PreconditionFailed      precondition     the lead has another version than If-Match
  CursorLost              gone             a cursor of a history that a restore undid
  SnapshotLost            gone             a run of pages that was idle for too long
  LinkEnded               gone             a link that was revoked, or has expired
  BodyTooSlow             slow             the body did not arrive in time
  BodyTooLarge            too_large        the body is over the limit
  URLTooLong              too_long         the URL is over the limit
  UnsupportedMediaType    wrong_type       the body is not application/json
  InvalidLead             unprocessable    a lead that breaks the campaign's schema
    Required              unprocessable    a required field is empty
    UnknownField          unprocessable    the campaign has no such field
    OutsideScope          unprocessable    the token may not write such a lead
  KeyReused               unprocessable    an Idempotency-Key with another request
  InvalidBatch            unprocessable    an atomic batch with a lead that is refused
  InvalidDefinition       unprocessable    a campaign definition that cannot be used
  HeadersTooLarge         heavy_headers    too many or too large headers
  Unavailable             unavailable      stopping, or asked too much (also `limits`)
  InternalError           internal         a fault of ours
  UsageError              usage            a command or a setting that cannot work
    UnreadableFile        usage            the file cannot be read as leads
  Refused                 refused          stopped before it could do harm

The *kind* says how a caller should react: `api.problems` maps each kind to an HTTP
status and `cli` to an exit code. The *code* is public and permanent: once released
it is never reused for another meaning (ADR 0005).
"""

from leadwell.errors.kinds import (
    VALUE_CHARACTERS_MAX,
    Kind,
    LeadwellError,
    Problem,
    Several,
    title_of,
)


class InvalidQuestion(Several):
    """One or more parameters of the query string cannot be understood."""

    code = "invalid_query"


class UnknownParameter(LeadwellError):
    """The query string names a parameter or field that does not exist here."""

    code = "unknown_parameter"


class DuplicateParameter(LeadwellError):
    """A parameter is given more than once; write several values as `name=a,b`."""

    code = "duplicate_parameter"


class EmptyValue(LeadwellError):
    """A parameter has no value; ask for empty fields with `name[exists]=false`."""

    code = "empty_value"


class UnknownOperator(LeadwellError):
    """The field's type does not allow the comparison in the brackets."""

    code = "unknown_operator"


class UnknownOption(LeadwellError):
    """The select, or the campaign's status list, has no option with this slug."""

    code = "unknown_option"


class LabelNotSlug(LeadwellError):
    """A label for people stands where the slug belongs."""

    code = "label_not_slug"


class MalformedValue(LeadwellError):
    """The value cannot be read as a value of the field's type."""

    code = "malformed_value"


class OutOfRange(LeadwellError):
    """A page number, a page size or a length is outside its bounds."""

    code = "out_of_range"


class MalformedQuery(LeadwellError):
    """The query string has broken percent-encoding, a NUL or invalid UTF-8."""

    code = "malformed_query"


class TooMany(LeadwellError):
    """More parameters, or more values in one list, than one request may carry."""

    code = "too_many"


class Contradiction(LeadwellError):
    """Two parameters, or two parts of a body, ask for things that cannot both be."""

    code = "contradiction"


class InvalidCursor(LeadwellError):
    """The cursor was changed, cut, or made for another token, campaign or question."""

    code = "invalid_cursor"


class MalformedBody(LeadwellError):
    """The body is not one clean JSON object (RFC 8259), or is nested too deeply."""

    code = "malformed_body"


class MalformedRequest(LeadwellError):
    """Headers contradict themselves: two `Authorization` headers, for instance."""

    code = "malformed_request"


class TokenInURL(LeadwellError):
    """A token stands in the URL, where logs keep it; it counts as exposed now."""

    code = "token_in_url"


class NotAuthenticated(LeadwellError):
    """The request carries no bearer token (RFC 6750 §3)."""

    kind = Kind.UNAUTHENTICATED
    code = "not_authenticated"


class InvalidToken(LeadwellError):
    """The token is wrong, has expired or was revoked (RFC 6750 §3.1)."""

    kind = Kind.UNAUTHENTICATED
    code = "invalid_token"


class InsufficientScope(LeadwellError):
    """The token is valid, but not for this campaign or not for writing."""

    kind = Kind.FORBIDDEN
    code = "insufficient_scope"


class AddressNotAllowed(LeadwellError):
    """The token may only be used from other network addresses."""

    kind = Kind.FORBIDDEN
    code = "address_not_allowed"


class OriginNotAllowed(LeadwellError):
    """A browser sent the request for a page of another site, which may not ask."""

    kind = Kind.FORBIDDEN
    code = "origin_not_allowed"


class NotAllowed(LeadwellError):
    """Who is signed in to the pages may not do that; administrators may."""

    code = "not_allowed"
    kind = Kind.FORBIDDEN


class NotFound(LeadwellError):
    """Nothing is served at this path."""

    kind = Kind.NOT_FOUND
    code = "not_found"


class CampaignNotFound(NotFound):
    """There is no such campaign, or none this token may see; we never say which."""

    code = "campaign_not_found"


class LeadNotFound(NotFound):
    """There is no such lead, or none this token may see; we never say which."""

    code = "lead_not_found"

    @classmethod
    def of(cls, lead_id: int, campaign_id: int) -> "LeadNotFound":
        """Say so in the same words, whether it does not exist or may not be seen."""
        return cls(
            f"there is no lead {lead_id} in campaign {campaign_id}",
            hint="none, or none that this token may see",
        )


class MethodNotAllowed(LeadwellError):
    """The path exists, but not with this HTTP method; `Allow` lists its methods."""

    kind = Kind.WRONG_METHOD
    code = "method_not_allowed"


class Conflict(LeadwellError):
    """Something with this id, slug or name exists already."""

    kind = Kind.CONFLICT
    code = "conflict"


class PreconditionFailed(LeadwellError):
    """The lead has changed: it no longer has the version that `If-Match` names."""

    kind = Kind.PRECONDITION
    code = "precondition_failed"


class CursorLost(LeadwellError):
    """The cursor leads nowhere: the hub was restored, or its token was edited."""

    kind = Kind.GONE
    code = "cursor_lost"


class SnapshotLost(LeadwellError):
    """The run of pages was idle for more than ten minutes, or made room for others."""

    kind = Kind.GONE
    code = "snapshot_lost"


class LinkEnded(LeadwellError):
    """The link was revoked or has expired, or the token has whose view it shows."""

    kind = Kind.GONE
    code = "link_ended"


class BodyTooSlow(LeadwellError):
    """The body did not arrive within the time that this hub waits for one."""

    kind = Kind.SLOW
    code = "body_too_slow"


class BodyTooLarge(LeadwellError):
    """The body is larger than this hub accepts in one request."""

    kind = Kind.TOO_LARGE
    code = "body_too_large"


class URLTooLong(LeadwellError):
    """The URL is longer than this hub accepts."""

    kind = Kind.TOO_LONG
    code = "url_too_long"


class UnsupportedMediaType(LeadwellError):
    """The body must be sent as `Content-Type: application/json`."""

    kind = Kind.WRONG_TYPE
    code = "unsupported_media_type"


class InvalidLead(Several):
    """One or more values of the lead break the campaign's schema."""

    kind = Kind.UNPROCESSABLE
    code = "invalid_lead"


class Required(LeadwellError):
    """A field that the campaign requires is missing or empty."""

    kind = Kind.UNPROCESSABLE
    code = "required"


class UnknownField(LeadwellError):
    """The campaign has no such field, or none this token may see."""

    kind = Kind.UNPROCESSABLE
    code = "unknown_field"


class OutsideScope(LeadwellError):
    """The lead would lie outside the token's own filter; it could not be read back."""

    kind = Kind.UNPROCESSABLE
    code = "outside_scope"


class KeyReused(LeadwellError):
    """An `Idempotency-Key` was used before, with another request."""

    kind = Kind.UNPROCESSABLE
    code = "idempotency_key_reused"


class InvalidBatch(Several):
    """An atomic batch has one or more leads that are refused; nothing was written."""

    kind = Kind.UNPROCESSABLE
    code = "invalid_batch"


class InvalidDefinition(Several):
    """A campaign definition has one or more mistakes; nothing was made."""

    kind = Kind.UNPROCESSABLE
    code = "invalid_definition"


class HeadersTooLarge(LeadwellError):
    """The request has too many headers, or too large ones (RFC 6585 §5)."""

    kind = Kind.HEAVY_HEADERS
    code = "headers_too_large"


class Unavailable(LeadwellError):
    """The hub cannot answer now; `Retry-After` says when to try again."""

    kind = Kind.UNAVAILABLE
    code = "unavailable"


class InternalError(LeadwellError):
    """A fault of the hub; report it with the request id."""

    kind = Kind.INTERNAL
    code = "internal_error"


class UsageError(LeadwellError):
    """A command or a setting that cannot work as it was given."""

    kind = Kind.USAGE
    code = "usage"


class UnreadableFile(UsageError):
    """The file cannot be read as a table of leads."""

    code = "unreadable_file"


class Refused(LeadwellError):
    """Stopped before it could do harm; the message says how to go on."""

    kind = Kind.REFUSED
    code = "refused"


__all__ = [
    "VALUE_CHARACTERS_MAX",
    "Kind",
    "LeadwellError",
    "Problem",
    "Several",
    "title_of",
]
