"""Care for the database's schema: reading the catalogue, comparing it, taking it over."""
