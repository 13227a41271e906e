# SPDX-License-Identifier: MIT
"""Schema migrations by Alembic, run in process (`oncowire migrate`, embedded start, the compose one-shot)."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from alerts.config import MIGRATIONS, Settings
from alerts.errors import Permanent
from alerts.store.engine import make_engine


def upgrade(settings: Settings, revision: str = "head") -> None:
    """Bring the database to `revision`. Safe to run by several processes at once (Alembic locks the version row)."""
    command.upgrade(config(settings.database), revision)


def config(url: str) -> Config:
    """Alembic configuration for a database address."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    made.attributes["url"] = url
    return made


def require_current(settings: Settings) -> None:
    """Raises Permanent(schema_behind) when the database is not at this program's schema."""
    wanted = ScriptDirectory.from_config(config(settings.database)).get_current_head()
    engine = make_engine(settings.database)
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    engine.dispose()
    if found != wanted:
        raise Permanent("schema_behind", f"the database is at {found}, this program needs {wanted}: oncowire migrate")
