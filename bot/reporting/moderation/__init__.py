"""What was decided across all servers: `python -m bot moderation-report`."""
