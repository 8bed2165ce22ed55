"""What may be asked, drawn and shown: words as data, what they match, and what follows. Pure."""
