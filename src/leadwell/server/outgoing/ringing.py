"""Tell webhooks that there is something new to read.

Every process of a hub looks once a second; for each message one of them takes it on.
"""

import secrets
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Thread

import msgspec
import structlog

from leadwell.api import links
from leadwell.api.cursors.caught_up import caught_up
from leadwell.api.hub import Hub
from leadwell.client.wire.signing import key_of, signed
from leadwell.model.hook import Attempt, Hook, pause_us, secret_of
from leadwell.schema.times import show
from leadwell.server.outgoing.sending import Network, post
from leadwell.store import feed, tokens
from leadwell.store.connection import Connection
from leadwell.store.outgoing import hooks
from leadwell.store.outgoing.hooks import Told

LOOK_EVERY_S = 1.0
"""How often it is looked for news; a webhook is told no more often than that."""
CLAIM_US = 60_000_000
"""How long one process has for a message before another one takes it on."""
AT_ONCE = 32
"""Messages on their way at once: a few receivers that answer slowly stop no others."""
FAULTS_MAX = 3
"""After so many campaigns that could not be looked at the others wait for the next
look: where the database is away, each would be waited for in vain."""
CHANGED, TEST = "leads.changed", "test"
_log = structlog.get_logger("leadwell.webhooks")


@dataclass(frozen=True, slots=True)
class News:
    """A message that is due."""

    hook: Hook
    message: str
    told: Told
    """Where the receiver stands once it has the message."""

    @property
    def kind(self) -> str:
        """What is told."""
        return TEST if self.hook.is_test else CHANGED


@dataclass
class Ringer:
    """A thread that tells webhooks what is new, until it is told to stop."""

    hub: Hub
    allowed: tuple[Network, ...] = ()
    """Networks that may be reached though they are no public ones."""
    look_every_s: float = LOOK_EVERY_S
    _under_way: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])
    """The webhooks that are being told something by this process."""
    _campaigns: list[int] = field(default_factory=list[int])
    """Those with webhooks that were due the last time all could be asked."""
    _failed: set[int] = field(default_factory=set[int])
    """Campaigns that could not be looked at the last time: they come last."""
    _stopping: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def start(self) -> None:
        """Look for news from now on."""
        self._thread = Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the messages that are on their way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with ThreadPoolExecutor(AT_ONCE, "webhook") as pool:
            while not self._stopping.wait(self.look_every_s):
                try:
                    self.look(pool)
                except Exception:
                    # A database that is away may be back by the next look.
                    _log.exception("webhooks_failed")

    def look(self, pool: Executor) -> "list[Future[None]]":
        """Tell everybody who has to be told something at this moment.

        Does not wait for it. Whose last message is still on its way is passed over.
        """
        due = [news for news in self._due() if news.hook.key not in self._under_way]
        self._under_way.update(news.hook.key for news in due)
        return [pool.submit(self._tell, news) for news in due]

    def _due(self) -> list[News]:
        """Return what is due; a campaign that fails keeps no other one waiting."""
        found: list[News] = []
        faults = 0
        for campaign_id in sorted(self._known(), key=self._failed.__contains__):
            try:
                found += self._due_in(campaign_id)
            except Exception:
                _log.exception("webhooks_failed", campaign_id=campaign_id)
                self._failed.add(campaign_id)
                faults += 1
            else:
                self._failed.discard(campaign_id)
            if faults == FAULTS_MAX:
                break
        return found

    def _known(self) -> list[int]:
        try:
            with self.hub.database.reading() as connection:
                self._campaigns = hooks.campaigns_due(connection, self.hub.agreed)
        except Exception:
            # One machine of a cluster is enough that not all can be asked at once.
            if not self._campaigns:
                raise
            _log.exception("webhooks_failed")
        return self._campaigns

    def _due_in(self, campaign_id: int) -> list[News]:
        with self.hub.database.reading() as connection:
            found = hooks.find_due(connection, campaign_id, self.hub.agreed)
            looked = [_news(self.hub, connection, hook) for hook in found]
        return [news for news in looked if news is not None]

    def _tell(self, news: News) -> None:
        try:
            # Who stops waits for what is on its way, and not for a queue of it.
            if not self._stopping.is_set():
                self._told(news)
        except Exception:
            # One webhook that goes wrong must not keep others waiting.
            _log.exception("webhook_failed", webhook=news.hook.id)
        finally:
            self._under_way.discard(news.hook.key)

    def _told(self, news: News) -> None:
        hook, write = news.hook, self.hub.database.write
        until = self.hub.agreed + CLAIM_US
        if not write(lambda c: hooks.claim(c, hook, news.message, until)).result():
            return
        attempt = self._sent(news)
        if hook.is_test:
            write(lambda c: hooks.note_test(c, hook, attempt)).result()
            return
        told = None if attempt.said else news.told
        pause = 0 if told else pause_us(hook.attempts + 1)
        next_at = None if pause is None else self.hub.agreed + pause
        write(lambda c: hooks.note(c, hook, attempt, told, next_at)).result()
        _log.info(
            "webhook",
            webhook=hook.id,
            status=attempt.status,
            ms=attempt.ms,
            attempts=hook.attempts + 1,
        )

    def _sent(self, news: News) -> Attempt:
        hook, at = news.hook, self.hub.clock()
        leads = links.leads_url(self.hub.public_url, hook.campaign_id)
        content = {
            "type": news.kind,
            "timestamp": show(at),
            "data": {
                "campaign_id": hook.campaign_id,
                "cursor": hook.cursor,
                "url": f"{leads}/changes?_cursor={hook.cursor}",
            },
        }
        body = msgspec.json.encode(content)
        # A receiver may know the secret of any generation that counts.
        secrets_ = (each.secret for each in self.hub.keys.generations)
        keys = [key_of(secret_of(s, hook.campaign_id, hook.id)) for s in secrets_]
        headers = signed(news.message, int(at.timestamp()), body, *keys)
        outcome = post(hook.url, body, headers, self.allowed)
        return Attempt(
            at,
            news.message,
            news.kind,
            outcome.status,
            outcome.ms,
            outcome.said,
            hook.cursor,
        )


def _news(hub: Hub, connection: Connection, hook: Hook) -> News | None:
    """Return what a webhook is to be told; `None`: nothing."""
    token = tokens.newest(connection, hook.lineage)
    if not token.is_open(hub.clock()):
        # Who may no longer read is told nothing; a new token of the line goes on.
        return None
    seq = feed.newest(connection, hook.campaign_id, token.filter_id or 0)
    if seq <= hook.seq and not hook.is_test:
        return None
    told = caught_up(hub.sealer, connection, hook.campaign_id, hook.lineage)
    return News(hook, hook.message or f"msg_{secrets.token_hex(16)}", told)
