# SPDX-License-Identifier: MIT
"""News in our own words, brought into a store by the real pipeline, so that pages and previews have something to show."""

from datetime import UTC, datetime, timedelta

from alerts.config import Settings
from alerts.feeds import ListedFeed
from alerts.pipeline import Pipeline
from alerts.store import feeds
from alerts.store.engine import Store
from alerts.store.insert import insert_new
from alerts.store.tables import Item

NEWS = (
    ("EC approves cabozantinib for pancreatic neuroendocrine tumours",
     "The European Commission has approved cabozantinib for adults with progressive pancreatic neuroendocrine tumours."),
    ("FDA approves pembrolizumab for early-stage triple-negative breast cancer",
     "The US Food and Drug Administration approved pembrolizumab with chemotherapy as neoadjuvant treatment."),
    ("CHMP recommends approval of osimertinib in EGFR-mutated lung cancer",
     "The Committee for Medicinal Products for Human Use gave a positive opinion on osimertinib in NSCLC."),
    ("FDA issues complete response letter for glofitamab in DLBCL",
     "The FDA did not approve glofitamab plus chemotherapy in diffuse large B-cell lymphoma."),
    ("Phase 3 trial of trastuzumab deruxtecan meets its endpoint in HER2-low breast cancer",
     "Trastuzumab deruxtecan improved progression-free survival in HER2-low metastatic breast cancer."),
    ("FDA approves cabozantinib for neuroendocrine tumours",
     "The FDA approved cabozantinib for previously treated adults with pancreatic neuroendocrine tumours."),
)  # fmt: skip


def bring_in(store: Store, settings: Settings, copies: int = 1) -> None:
    """The news as items of one feed, read, grouped and matched as the workers do it; one a day, newest last."""
    now = datetime.now(UTC)
    with store.write() as session:
        feed = feeds.add(session, ListedFeed("https://wire.example.org/feed", "Example Wire"), now, now)
        assert feed is not None
        rows = []
        for n in range(copies * len(NEWS)):
            title, summary = NEWS[n % len(NEWS)]
            seen = now - timedelta(days=copies * len(NEWS) - n)
            rows.append(
                {"feed_id": feed, "identity": str(n), "title": title, "summary": summary, "published_at": seen,
                 "url": f"https://wire.example.org/{n}", "first_seen_at": seen, "updated_at": seen, "due_at": now}
            )  # fmt: skip
        insert_new(session, Item, rows)
    pipeline = Pipeline(settings)
    while pipeline.process_due().more:
        continue
    pipeline.process_due()
    pipeline.close()


def told_again(store: Store, settings: Settings) -> None:
    """A second outlet tells of the newest story (6) and of a step that follows the third one (a new story, 7)."""
    now = datetime.now(UTC)
    later = (
        ("EC approves osimertinib in EGFR-mutated lung cancer", "https://second.example.org/ec"),
        ("FDA approves cabozantinib for neuroendocrine tumours", "https://second.example.org/fda"),
    )
    with store.write() as session:
        feed = feeds.add(session, ListedFeed("https://second.example.org/rss", "Second Outlet"), now, now)
        rows = [
            {"feed_id": feed, "identity": url, "title": title, "summary": f"{title}.", "url": url, "first_seen_at": now,
             "updated_at": now, "due_at": now, "published_at": now}
            for title, url in later
        ]  # fmt: skip
        insert_new(session, Item, rows)
    pipeline = Pipeline(settings)
    pipeline.process_due()
    pipeline.close()
