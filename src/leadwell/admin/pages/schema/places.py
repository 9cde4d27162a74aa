"""Where the parts of each kind are edited: paths, and what a path names."""

from dataclasses import dataclass

from leadwell.admin.visit import Visit
from leadwell.errors import NotFound
from leadwell.model.campaign import Campaign
from leadwell.schema.parts import WITH_OPTIONS, Kind, Name, Part, Shelf, shelf
from leadwell.store.people.activity import What


@dataclass(frozen=True, slots=True)
class Place:
    """A tab where parts of one kind stand."""

    kind: Kind
    tab: str
    added: What
    changed: What
    removed: What
    ordered: What
    """What is noted of an edit."""

    def path(self, visit: Visit) -> str:
        """Return the path of the list; below it stands each part, by its id."""
        path = f"/campaigns/{visit.campaign_id}/{self.tab}"
        if self.kind is Kind.OPTION:
            path += f"/{visit.request.path_params['field_id']}"
        return path

    def shelf(self, visit: Visit, campaign: Campaign) -> Shelf:
        """Return the parts that the path is about.

        Raises:
            NotFound: there is no such field, or it has no options.
        """
        if self.kind is not Kind.OPTION:
            return shelf(campaign, self.kind)
        field = campaign.field_by_id.get(visit.request.path_params["field_id"])
        if field is None or field.type not in WITH_OPTIONS:
            raise _gone(visit)
        return shelf(campaign, self.kind, field.slug)

    def part(self, visit: Visit, campaign: Campaign) -> Part:
        """Return the part that the path names.

        Raises:
            NotFound: there is none.
        """
        part_id = visit.request.path_params["part_id"]
        for part in self.shelf(visit, campaign).parts:
            if part.id == part_id:
                return part
        raise _gone(visit)

    def name(self, visit: Visit, campaign: Campaign, part: Part) -> Name:
        """Return how the store is told which part is meant."""
        return Name(self.kind, part.slug, self.shelf(visit, campaign).field)


FIELDS = Place(
    Kind.FIELD,
    "fields",
    What.FIELD_ADDED,
    What.FIELD_CHANGED,
    What.FIELD_REMOVED,
    What.FIELDS_ORDERED,
)
SELECTS = Place(
    Kind.OPTION,
    "selects",
    What.OPTION_ADDED,
    What.OPTION_CHANGED,
    What.OPTION_REMOVED,
    What.OPTIONS_ORDERED,
)
STATUSES = Place(
    Kind.STATUS,
    "statuses",
    What.STATUS_ADDED,
    What.STATUS_CHANGED,
    What.STATUS_REMOVED,
    What.STATUSES_ORDERED,
)


def _gone(visit: Visit) -> NotFound:
    return NotFound(
        visit.said("this is not there, or not any more"),
        hint=visit.said("go back, and load the page again"),
    )
