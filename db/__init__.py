"""The database: one module per aggregate, SQL as text here and nowhere else."""
