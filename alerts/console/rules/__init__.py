"""The rule editor: list, form with type-ahead and live preview, history, YAML, "who would be told"."""
