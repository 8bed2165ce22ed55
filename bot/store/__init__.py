"""Every line of SQL: one store for each kind of thing that the bot remembers, in one file."""
