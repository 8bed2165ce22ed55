"""From a command or a press to a queued request: `/waifu`, its buttons, `/queue`, the terms."""
