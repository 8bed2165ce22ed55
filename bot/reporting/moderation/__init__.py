"""Decisions across all servers: `python -m bot moderation-report`."""
