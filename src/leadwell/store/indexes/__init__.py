"""The indexes that a process keeps: made when they are asked for, followed, let go."""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import structlog
from pyroaring import BitMap

from leadwell.index.index import Index
from leadwell.model.campaign import Campaign
from leadwell.model.grant import LeadQuery
from leadwell.store import campaigns, feed
from leadwell.store.connection import Connection, Database
from leadwell.store.figures import INDEX_BYTES, INDEXES_MADE
from leadwell.store.indexes import making
from leadwell.store.indexes.kept import C, Kept, Window
from leadwell.store.writes import scopes

_log = structlog.get_logger("leadwell.index")
SMALL = 2_000
"""So many leads are read at once, by who asks first."""
BUDGET_BYTES = 256 * 2**20
WEIGHED_AFTER_BYTES = 4 * 2**20
"""What an index and its answers take between two looks at the budget."""
SAVED_AFTER = 100_000
"""Changes after which an index is stored again."""


class Indexes:
    """All of them. Any thread may ask; what takes long is done beside the readers."""

    def __init__(self, database: Database, budget_bytes: int = BUDGET_BYTES) -> None:
        """Keep none yet."""
        self._database = database
        self._budget_bytes = budget_bytes
        self._kept: OrderedDict[int, Kept] = OrderedDict()
        self._busy: set[int] = set()
        self._lock = Lock()
        self._stopping = Event()
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="index")

    def window(
        self,
        connection: Connection,
        campaign: Campaign,
        query: LeadQuery,
        after: int | None = None,
    ) -> Window | None:
        """Return the ids on a page, with `after` on that which begins behind an id.

        `None`: ask SQL, which may take long.
        """
        seq = feed.head(connection, campaign.id).seq
        kept = self._at(connection, campaign, seq)
        if kept is None:
            return None
        found = kept.window(connection, campaign, query, seq, after)
        self._weigh(kept)
        return found

    def matching(
        self, connection: Connection, campaign: Campaign, query: LeadQuery
    ) -> BitMap | None:
        """Return all ids that match; `None`: ask SQL, which may take long."""
        seq = feed.head(connection, campaign.id).seq
        kept = self._at(connection, campaign, seq)
        if kept is None:
            return None
        found = kept.matching(connection, campaign, query, seq)
        self._weigh(kept)
        return found

    def counted(
        self,
        connection: Connection,
        campaign: Campaign,
        query: LeadQuery,
        count: Callable[[Index, BitMap], C],
    ) -> C | None:
        """Return what is counted of the leads that match; `None`: not yet."""
        seq = feed.head(connection, campaign.id).seq
        kept = self._at(connection, campaign, seq)
        if kept is None:
            return None
        return kept.counted(connection, campaign, query, seq, count)

    def scan(
        self, connection: Connection, campaign: Campaign, query: LeadQuery
    ) -> None:
        """Look at all leads for what sets cannot tell; it may take long."""
        seq = feed.head(connection, campaign.id).seq
        kept = self._at(connection, campaign, seq)
        if kept is not None:
            kept.scan(connection, campaign, query, seq)
            self._weigh(kept)

    def held(self) -> list[int]:
        """Return the campaigns whose indexes are kept; that asked last comes last."""
        return list(self._kept)

    def settle(self) -> None:
        """Wait until what is done beside the readers is done."""
        self._beside.submit(lambda: None).result()

    def close(self) -> None:
        """Store what has changed much, and let all go."""
        self._stopping.set()
        self._beside.shutdown(wait=True, cancel_futures=True)
        for campaign_id, kept in self._kept.items():
            self._save(campaign_id, kept, after=SAVED_AFTER // 10)
        self._kept.clear()

    def _at(self, connection: Connection, campaign: Campaign, seq: int) -> Kept | None:
        with self._lock:
            kept = self._kept.get(campaign.id)
            if kept is not None and kept.history != connection.history:
                # A standby was promoted: what this one knows may have been undone.
                kept = None
                del self._kept[campaign.id]
            if kept is not None:
                self._kept.move_to_end(campaign.id)
        if kept is None:
            leads = scopes.digest(connection, campaign.id, scopes.WHOLE).count
            if leads <= SMALL:
                index = making.make_at_once(connection, campaign, seq)
                INDEXES_MADE.labels("leads").inc()
                return self._keep(campaign.id, Kept(index, connection.history, seq))
            self._do_beside(campaign.id, self._make)
        elif not kept.follow(connection, campaign, seq) and kept.index.seq < seq:
            self._do_beside(campaign.id, self._catch_up)
        return kept

    def _keep(self, campaign_id: int, made: Kept) -> Kept:
        """Keep one more."""
        with self._lock:
            kept = self._kept.setdefault(campaign_id, made)
        self._balance(kept)
        return kept

    def _weigh(self, kept: Kept) -> None:
        # On the way of every page: most have nothing to weigh.
        if kept.grown_bytes > WEIGHED_AFTER_BYTES:
            self._balance(kept)

    def _balance(self, kept: Kept) -> None:
        """Let go of what was not asked for longest, where one has grown too much."""
        kept.weigh()
        with self._lock:
            total = sum(each.size_bytes for each in self._kept.values())
            for key in list(self._kept)[:-1]:
                if total > self._budget_bytes:
                    total -= self._kept.pop(key).size_bytes
            last = next(reversed(self._kept.values()), None)
        if last is not None and total > self._budget_bytes:
            last.forget()
            total = last.weigh()
        INDEX_BYTES.set(total)

    def _do_beside(self, campaign_id: int, job: Callable[[int], None]) -> None:
        with self._lock:
            if campaign_id in self._busy or self._stopping.is_set():
                return
            self._busy.add(campaign_id)
            self._beside.submit(self._run, campaign_id, job)

    def _run(self, campaign_id: int, job: Callable[[int], None]) -> None:
        try:
            job(campaign_id)
        except Exception:
            # Readers have SQL; the next one has it tried again.
            _log.exception("index_failed", campaign_id=campaign_id)
        finally:
            self._busy.discard(campaign_id)

    def _make(self, campaign_id: int) -> None:
        with self._database.reading() as connection:
            campaign = campaigns.known(connection, campaign_id)
            history = connection.history
            index = making.load(connection, campaign_id)
        saved_seq = index.seq if index else 0
        index = index or making.make(self._database, campaign, self._goes_on)
        if index is not None:
            INDEXES_MADE.labels("snapshot" if saved_seq else "leads").inc()
            kept = Kept(index, history, saved_seq)
            self._follow_to_end(campaign_id, kept)
            self._keep(campaign_id, kept)
            self._save(campaign_id, kept, after=SAVED_AFTER if saved_seq else 1)

    def _catch_up(self, campaign_id: int) -> None:
        kept = self._kept.get(campaign_id)
        if kept is not None:
            self._follow_to_end(campaign_id, kept)
            self._save(campaign_id, kept, after=SAVED_AFTER)

    def _follow_to_end(self, campaign_id: int, kept: Kept) -> None:
        while self._goes_on():
            with self._database.reading() as connection:
                campaign = campaigns.known(connection, campaign_id)
                seq = feed.head(connection, campaign_id).seq
                if kept.follow(connection, campaign, seq) or kept.index.seq > seq:
                    return

    def _goes_on(self) -> bool:
        return not self._stopping.is_set()

    def _save(self, campaign_id: int, kept: Kept, after: int) -> None:
        if kept.index.seq - kept.saved_seq < after:
            return
        data, seq = kept.written()

        def job(connection: Connection) -> None:
            if connection.history == kept.history:
                making.save(connection, campaign_id, data, seq)

        self._database.write(job).result()
        kept.saved_seq = seq
