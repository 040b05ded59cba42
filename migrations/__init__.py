"""The database's history: one revision a change, plain SQL inside, run by `migrations.runner`."""
