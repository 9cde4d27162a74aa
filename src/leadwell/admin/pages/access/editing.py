"""Another name, other rights or another filter for a token; its secret stays."""

from dataclasses import dataclass
from typing import Any

from pyroaring import BitMap
from starlette.responses import Response

from leadwell.admin import freshness
from leadwell.admin.pages.access.one import found
from leadwell.admin.pages.access.place import Place, now
from leadwell.admin.pages.access.typed import Typed
from leadwell.admin.pages.access.wizard import form
from leadwell.admin.visit import Visit
from leadwell.errors import LeadwellError
from leadwell.model.query import Condition, Question
from leadwell.model.token import Token
from leadwell.schema.times import microseconds
from leadwell.store import exports, filters, tokens
from leadwell.store.connection import Connection
from leadwell.store.people.activity import What


@dataclass(frozen=True, slots=True)
class Editing:
    """The page."""

    async def show(self, visit: Visit) -> Response:
        """Show the rights of a token in a form."""
        return visit.page(
            "access/edit.html", await visit.read(lambda c: _content(c, visit, None))
        )

    async def change(self, visit: Visit) -> Response:
        """Change it, or show the form again with what would follow."""
        place, token = await visit.read(lambda c: found(c, visit))
        typed = Typed.read(visit, place)
        if visit.text("make"):
            try:
                effect = await visit.read(
                    lambda c: _effect(c, visit, place, token, typed)
                )
                typed = await visit.write(lambda c: _changed(c, visit, effect))
            except LeadwellError as error:
                typed = typed.refused("fields", visit.said.refusal(error.detail))
            if not typed.problems:
                return visit.go(place.path_of(token), "saved")
        content = await visit.read(lambda c: _content(c, visit, typed))
        status = 422 if typed.problems else 200
        return visit.page("access/edit.html", content, status)


def state(token: Token) -> str:
    """Name what can be edited of a token, as it is now."""
    return freshness.seen(
        token.name,
        token.may_write,
        token.filter_id,
        token.readable and sorted(map(str, token.readable)),
        token.masks,
        token.expires_at,
        token.addresses,
        token.revoked_at,
    )


def seen(effect: tuple[int, int]) -> str:
    """Write which consequences a form has shown."""
    return f"{effect[0]}/{effect[1]}"


def _content(
    connection: Connection, visit: Visit, typed: Typed | None
) -> dict[str, Any]:
    place, token = found(connection, visit)
    before = _before(connection, place, token)
    is_sent = typed is not None
    typed = typed or Typed.of(visit, place, token, before)
    content = form(connection, visit, place, typed)
    content |= {
        "token": token,
        "built_at": f"{place.path_of(token)}/edit",
        # What was sent over a newer state stays stale until it is looked at.
        "state": visit.text("state") if is_sent else state(token),
        "is_stale": "stale" in typed.problems,
        "effect": None,
        "effect_seen": "",
    }
    if content["is_stale"]:
        content |= {
            "state": state(token),
            "held": Typed.of(visit, place, token, before),
        }
    if place.campaign is not None:
        effect = _effect(connection, visit, place, token, content["typed"])
        content |= {"effect": effect, "effect_seen": effect and seen(effect)}
    return content


def _effect(
    connection: Connection, visit: Visit, place: Place, token: Token, typed: Typed
) -> tuple[int, int] | None:
    """Count the leads that the token will see and does not now, and the reverse."""
    campaign, before = place.campaign, _before(connection, place, token)
    typed, after = typed.conditions(visit, connection, place, is_final=False)
    if campaign is None or (typed.which != "all" and not after):
        return None
    grant = visit.user.grant(campaign)

    def seen_through(conditions: tuple[Condition, ...]) -> BitMap:
        query = grant.query(campaign, Question(conditions=conditions))
        return exports.members(connection, visit.hub.indexes, campaign, query)

    old = seen_through(before.conditions if before else ())
    new = seen_through(after)
    return len(new - old), len(old - new)


def _before(
    connection: Connection, place: Place, token: Token
) -> filters.Filter | None:
    if place.campaign is None or token.filter_id is None:
        return None
    return filters.find(connection, place.campaign, token.filter_id)


def _changed(
    connection: Connection, visit: Visit, effect: tuple[int, int] | None
) -> Typed:
    tokens.hold(connection, visit.request.path_params["token_id"])
    place, token = found(connection, visit)
    typed = Typed.read(visit, place)
    if visit.text("state") != state(token):
        return typed.refused("stale", token.name)
    typed, conditions = typed.conditions(visit, connection, place, is_final=True)
    typed, changed = typed.checked(visit, now(visit), token)
    if typed.problems:
        return typed
    if effect and any(effect) and visit.text("seen") != seen(effect):
        return typed.refused("effect", visit.said("Look at what changes, and save it."))
    moment = microseconds(now(visit))
    if place.campaign is not None:
        campaign = place.campaign
        changed = typed.narrowed(connection, campaign, changed, conditions, moment)
    tokens.change(connection, changed, moment)
    about = changed.name, changed.public_id
    visit.note(connection, place.campaign, What.TOKEN_CHANGED, *about)
    return typed
