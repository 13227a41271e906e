"""The JSON API, version 1, under /api: everything that the console does. The document: /api/openapi.json."""
