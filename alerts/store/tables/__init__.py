"""All tables, one module an area. Importing this package registers every table with the metadata, as Alembic needs."""

from alerts.store.tables.accounts import (
    ApiToken,
    AuditEntry,
    IdempotencyKey,
    LoginFailure,
    LoginLink,
    Membership,
    Team,
    User,
    UserSession,
)
from alerts.store.tables.deliveries import (
    Delivery,
    DeliveryAttempt,
    DigestEntry,
    Suppression,
    TemplateVersion,
    Throttle,
)
from alerts.store.tables.feeds import Feed, FeedAttempt, FeedHost
from alerts.store.tables.items import Item, ItemFacts, NovelName
from alerts.store.tables.ops import Heartbeat, Installation, Notice
from alerts.store.tables.stories import Story, StoryItem, StoryKey, StoryOverride
from alerts.store.tables.subscriptions import (
    Channel,
    MatchRow,
    StoryFeedback,
    Subscription,
    SubscriptionChannel,
    SubscriptionRevision,
)
from alerts.store.tables.vocabulary import VocabularyEdit

__all__ = [
    "ApiToken",
    "AuditEntry",
    "Channel",
    "Delivery",
    "DeliveryAttempt",
    "DigestEntry",
    "Feed",
    "FeedAttempt",
    "FeedHost",
    "Heartbeat",
    "IdempotencyKey",
    "Installation",
    "Item",
    "ItemFacts",
    "LoginFailure",
    "LoginLink",
    "MatchRow",
    "Membership",
    "Notice",
    "NovelName",
    "Story",
    "StoryFeedback",
    "StoryItem",
    "StoryKey",
    "StoryOverride",
    "Subscription",
    "SubscriptionChannel",
    "SubscriptionRevision",
    "Suppression",
    "Team",
    "TemplateVersion",
    "Throttle",
    "User",
    "UserSession",
    "VocabularyEdit",
]
