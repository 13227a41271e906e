"""Poll: feed address → new or changed items."""
