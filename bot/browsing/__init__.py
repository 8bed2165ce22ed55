"""The pictures in a browser, before a model learns from them: `python -m bot curate`.

`command` starts it, `sheet` is what Datasette is told, `templates/` how it looks. Datasette is an
optional extra; nobody else imports this room.
"""
