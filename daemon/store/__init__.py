"""The database: tables, one snapshot per mail, one transaction per decision. Tortoise ORM lives here only."""
