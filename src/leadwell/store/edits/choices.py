"""Which columns somebody wants to see of a campaign's leads."""

import msgspec

from leadwell.model.user import User
from leadwell.store.connection import Connection, one


def find(connection: Connection, campaign_id: int, user: User) -> list[str]:
    """Return the names of the columns; none: nothing was chosen yet."""
    row = one(
        connection.rows(
            """
            SELECT columns FROM column_choice
             WHERE campaign_id = :campaign_id AND account_id = :account_id
               AND person_id = :person_id
            """,
            _key(campaign_id, user),
        )
    )
    return [] if row is None else msgspec.json.decode(row[0], type=list[str])


def keep(
    connection: Connection, campaign_id: int, user: User, columns: list[str]
) -> None:
    """Keep what is chosen instead of what was."""
    connection.run(
        """
        INSERT INTO column_choice (campaign_id, account_id, person_id, columns)
             VALUES (:campaign_id, :account_id, :person_id, :columns)
        ON CONFLICT (campaign_id, account_id, person_id)
          DO UPDATE SET columns = excluded.columns
        """,
        _key(campaign_id, user) | {"columns": msgspec.json.encode(columns).decode()},
    )


def _key(campaign_id: int, user: User) -> dict[str, object]:
    return {
        "campaign_id": campaign_id,
        "account_id": user.account_id,
        "person_id": user.person_id,
    }
