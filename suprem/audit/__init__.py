"""Who did what, when: hash-chained rows in a table that the database itself refuses to change."""
