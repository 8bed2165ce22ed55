"""Every line of SQL: one store for each thing the bot remembers, over one SQLite file (`db`)."""
