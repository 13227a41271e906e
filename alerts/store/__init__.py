"""SQLModel tables, sessions, all SQL."""
