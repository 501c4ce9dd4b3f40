"""Released migrations: CreateModel, AddField, RunSQL and RunPython only. Anything else rebuilds tables on SQLite,
which loses rows and indexes there."""
