"""A browser view of the pictures, before a model learns from them: `python -m bot curate`.

`command` starts it, `sheet` configures Datasette, `templates/` holds its looks. Datasette is an
optional extra; nobody else imports this room.
"""
