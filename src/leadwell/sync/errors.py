"""What can go wrong with a copy.

DestinationError          base: something about where the leads go
  UnknownDestination      it names nothing that leads can be kept in
  ForeignDestination      something else is there, or another campaign's copy
  UnreadableDestination   it cannot be opened, or is not what its name says
  ReadOnlyDestination     it cannot be written
  FullDestination         there is no room left; what was stored is kept
  BusyDestination         another program holds it; what was stored is kept
  UnreachableDestination  its server cannot be reached; what was stored is kept
  BrokenValue             a value breaks the schema, and the run is strict
  OtherQuestion           the copy was made with another filter or another token
  ReceiverRefuses         a receiver takes no lead at all; what waits is kept
  ReceiverDenies          a receiver does not know the credentials; what waits is kept
  TooManyRemovals         so many leads are gone that the question may be another one
UnprovenCopy              what was told does not add up to what the hub says
UnstableList              the list of a service moves faster than it can be read
"""

from leadwell.errors import Kind, LeadwellError


class DestinationError(LeadwellError):
    """Leads cannot be kept where they should go."""

    kind = Kind.USAGE
    code = "destination"


class UnknownDestination(DestinationError):
    """The text names no destination."""

    code = "unknown_destination"


class ForeignDestination(DestinationError):
    """Something stands there that is not this campaign's copy; it was left alone."""

    kind = Kind.REFUSED
    code = "foreign_destination"


class UnreadableDestination(DestinationError):
    """The destination cannot be opened, or holds something that cannot be read."""

    code = "unreadable_destination"


class ReadOnlyDestination(DestinationError):
    """The destination, or the folder that it is in, cannot be written."""

    code = "read_only_destination"


class FullDestination(DestinationError):
    """There is no room left; what was stored before is kept."""

    kind = Kind.UNAVAILABLE
    code = "full_destination"


class BusyDestination(DestinationError):
    """Another program holds the destination; what was stored before is kept."""

    kind = Kind.UNAVAILABLE
    code = "busy_destination"


class UnreachableDestination(DestinationError):
    """The server of the destination is away; what was stored before is kept."""

    kind = Kind.UNAVAILABLE
    code = "unreachable_destination"


class BrokenValue(DestinationError):
    """A value breaks the campaign's schema, and the run was to stop at one."""

    kind = Kind.UNPROCESSABLE
    code = "broken_value"


class OtherQuestion(DestinationError):
    """The copy was made with another filter, or another token, than this run has."""

    kind = Kind.REFUSED
    code = "other_question"


class ReceiverRefuses(DestinationError):
    """What leads are sent to takes none of them; nothing was given up."""

    code = "receiver_refuses"


class ReceiverDenies(DestinationError):
    """What leads are sent to does not know the credentials; what waits is kept."""

    kind = Kind.UNAUTHENTICATED
    code = "receiver_denies"


class TooManyRemovals(DestinationError):
    """A service shows far fewer leads than before: nothing was removed."""

    kind = Kind.REFUSED
    code = "too_many_removals"


class UnprovenCopy(LeadwellError):
    """What a hub has told does not add up to what it says that there is."""

    kind = Kind.REFUSED
    code = "unproven_copy"


class UnstableList(LeadwellError):
    """The list of a service moves faster than it can be read."""

    kind = Kind.UNAVAILABLE
    code = "unstable_list"
