"""Every line of SQL: one store for each kind of record, all in one database file."""
