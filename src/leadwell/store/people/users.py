"""Who may sign in to the pages, with what password, and their sessions."""

from dataclasses import dataclass
from typing import Any

import msgspec

from leadwell.errors import Conflict, NotFound
from leadwell.model.grant import PERSON
from leadwell.model.user import Role, User
from leadwell.store.audit.chain import Chain, Entry, Kind, append
from leadwell.store.connection import Connection, Row, one

_COLUMNS = """login.account_id, login.person_id, person.name, login.email,
               login.role, login.campaigns, login.language, login.password,
               login.failures, login.closed_until, login.used_at, login.time_zone"""
_PERSON = """JOIN person ON person.account_id = login.account_id
                           AND person.id = login.person_id"""

SIGNED_IN = "signed-in"
WRONG_PASSWORD = "wrong-password"  # noqa: S105 - the name of a happening
PASSWORD_SET = "password-set"  # noqa: S105 - the name of a happening


@dataclass(frozen=True, slots=True)
class Login:
    """A user, and how they get in; moments in microseconds."""

    user: User
    password: str | None
    """The argon2id hash; `None`: none was chosen yet."""
    failures: int
    """Wrong passwords in a row."""
    closed_until: int
    used_at: int | None


def find(connection: Connection, email: str) -> Login | None:
    """Return who signs in with this address. Served by the primary key."""
    sql = f"SELECT {_COLUMNS} FROM login {_PERSON} WHERE login.email = :email"
    row = one(connection.rows(sql, {"email": email}))
    return None if row is None else _login(row)


def known(connection: Connection, email: str) -> Login:
    """Return who signs in with this address.

    Raises:
        NotFound: nobody does.
    """
    found = find(connection, email)
    if found is None:
        raise NotFound(f"nobody signs in with {email}", hint="see: leadwell admin list")
    return found


def find_all(connection: Connection, account_id: int | None = None) -> list[Login]:
    """Return everybody of an account, or of all, by name."""
    rows = connection.rows(
        f"""
        SELECT {_COLUMNS} FROM login {_PERSON}
         WHERE (CAST(:account_id AS BIGINT) IS NULL OR login.account_id = :account_id)
         ORDER BY person.name, login.email
        """,
        {"account_id": account_id},
    )
    return [_login(row) for row in rows]


def has_administrator(connection: Connection) -> bool:
    """Whether anybody can sign in as an administrator."""
    rows = connection.rows(
        """
        SELECT 1 FROM login
         WHERE role = :role AND password IS NOT NULL
         LIMIT 1
        """,
        {"role": Role.ADMINISTRATOR.value},
    )
    return bool(rows)


def add(connection: Connection, user: User, password: str | None, now: int) -> None:
    """Let a person of the account sign in.

    Raises:
        Conflict: somebody signs in with that address already.
    """
    if find(connection, user.email):
        raise Conflict(
            f"somebody signs in with {user.email} already",
            hint="give another address",
        )
    params = _params(user) | {"password": password, "now": now}
    connection.run(
        """
        INSERT INTO login (email, account_id, person_id, role, campaigns, password,
                           language, failures, closed_until, created_at)
             VALUES (:email, :account_id, :person_id, :role, :campaigns, :password,
                     :language, 0, 0, :now)
        """,
        params,
    )


def change(connection: Connection, user: User) -> None:
    """Keep another role or other campaigns of a user.

    Who reads them first to write them holds the account, or loses another's change.
    """
    connection.run(
        """
        UPDATE login SET role = :role, campaigns = :campaigns
         WHERE email = :email
        """,
        _params(user),
    )


def set_tastes(
    connection: Connection, email: str, language: str, time_zone: str
) -> None:
    """Keep another language and time zone of a user.

    Empty: what their browser asks for, and UTC.
    """
    connection.run(
        """
        UPDATE login SET language = :language, time_zone = :time_zone
         WHERE email = :email
        """,
        {"email": email, "language": language, "time_zone": time_zone},
    )


def guess_time_zone(connection: Connection, email: str, time_zone: str) -> None:
    """Keep the time zone of a user who has none yet."""
    connection.run(
        """
        UPDATE login SET time_zone = :time_zone
         WHERE email = :email AND time_zone = ''
        """,
        {"email": email, "time_zone": time_zone},
    )


def remove(connection: Connection, email: str) -> None:
    """Let somebody sign in no longer; as a person of the account they stay."""
    end_sessions(connection, email)
    drop_invitations(connection, email)
    connection.run("DELETE FROM login WHERE email = :email", {"email": email})


def set_password(connection: Connection, email: str, password: str, now: int) -> None:
    """Keep another password, end all sessions, and open what was closed."""
    end_sessions(connection, email)
    drop_invitations(connection, email)
    connection.run(
        """
        UPDATE login SET password = :password, failures = 0, closed_until = 0
         WHERE email = :email
        """,
        {"email": email, "password": password},
    )
    _tell(connection, email, PASSWORD_SET, now)


def note_failure(
    connection: Connection, email: str, closed_until: int, now: int
) -> None:
    """Count a wrong password, and keep everybody out until a moment."""
    connection.run(
        """
        UPDATE login SET failures = failures + 1, closed_until = :closed_until
         WHERE email = :email
        """,
        {"email": email, "closed_until": closed_until},
    )
    _tell(connection, email, WRONG_PASSWORD, now)


def note_success(connection: Connection, email: str) -> None:
    """Remember that somebody had the right password."""
    connection.run(
        "UPDATE login SET failures = 0, closed_until = 0 WHERE email = :email",
        {"email": email},
    )


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in; moments in microseconds."""

    user: User
    created_at: int
    used_at: int
    digest: bytes


def find_session(connection: Connection, digest: bytes) -> Session | None:
    """Return who is signed in with this secret. Served by the primary key."""
    row = one(
        connection.rows(
            f"""
            SELECT {_COLUMNS}, session.created_at, session.used_at
              FROM session JOIN login ON login.email = session.email {_PERSON}
             WHERE session.digest = :digest
            """,
            {"digest": digest},
        )
    )
    if row is None:
        return None
    return Session(_login(row).user, row[-2], row[-1], digest)


def add_session(connection: Connection, digest: bytes, email: str, now: int) -> None:
    """Sign somebody in, with a password or the link that they have just used."""
    connection.run(
        "UPDATE login SET used_at = :now WHERE email = :email",
        {"email": email, "now": now},
    )
    connection.run(
        """
        INSERT INTO session (digest, email, created_at, used_at)
             VALUES (:digest, :email, :now, :now)
        """,
        {"digest": digest, "email": email, "now": now},
    )
    _tell(connection, email, SIGNED_IN, now)


def _tell(connection: Connection, email: str, what: str, now: int) -> None:
    """Have the audit log tell what became of a sign-in, and not by which address."""
    login = find(connection, email)
    if login is not None:
        entry = Entry(Kind.SIGN_IN, what, f"{PERSON}{login.user.person_id}")
        append(connection, Chain(0, login.user.account_id), now, [entry])


def note_session(connection: Connection, digest: bytes, now: int) -> None:
    """Remember that a session is used."""
    connection.run(
        "UPDATE session SET used_at = :now WHERE digest = :digest",
        {"digest": digest, "now": now},
    )


def end_session(connection: Connection, digest: bytes) -> None:
    """Sign somebody out here."""
    connection.run("DELETE FROM session WHERE digest = :digest", {"digest": digest})


def end_sessions(connection: Connection, email: str) -> None:
    """Sign somebody out everywhere. Served by `session_by_email`."""
    connection.run("DELETE FROM session WHERE email = :email", {"email": email})


def invite(connection: Connection, digest: bytes, email: str, expires_at: int) -> None:
    """Keep a link on which a password is chosen, instead of any before it."""
    drop_invitations(connection, email)
    connection.run(
        """
        INSERT INTO invitation (digest, email, expires_at)
             VALUES (:digest, :email, :expires_at)
        """,
        {"digest": digest, "email": email, "expires_at": expires_at},
    )


def invited(connection: Connection, digest: bytes, now: int) -> str | None:
    """Return whose password is chosen on a link; `''` the first administrator's.

    `None`: there is no such link, or none any more.
    """
    row = one(
        connection.rows(
            """
            SELECT email FROM invitation
             WHERE digest = :digest AND expires_at > :now
            """,
            {"digest": digest, "now": now},
        )
    )
    return None if row is None else row[0]


def drop_invitations(connection: Connection, email: str) -> None:
    """End the links on which this user's password is chosen."""
    connection.run("DELETE FROM invitation WHERE email = :email", {"email": email})


def _params(user: User) -> dict[str, Any]:
    return {
        "email": user.email,
        "account_id": user.account_id,
        "person_id": user.person_id,
        "role": user.role.value,
        "campaigns": msgspec.json.encode(sorted(user.campaigns)).decode(),
        "language": user.language,
    }


def _login(row: Row) -> Login:
    campaigns = msgspec.json.decode(row[5], type=frozenset[int])
    user = User(
        row[0], row[1], row[2], row[3], Role(row[4]), campaigns, row[6], row[11]
    )
    return Login(user, row[7], row[8], row[9], row[10])
