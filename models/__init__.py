"""A small diffusion library. It knows nothing of Discord, guilds or SQLite."""
