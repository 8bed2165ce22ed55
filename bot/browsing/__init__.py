"""A browser view of the pictures, before a model learns from them: `python -m bot curate`.

`command` starts it, `sheet` configures Datasette, and `templates/` holds its page. Datasette is an
optional extra; nothing else imports this room.
"""
