"""A small diffusion library. It knows nothing about Discord, guilds or SQLite."""
