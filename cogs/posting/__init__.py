"""Background tasks that post pictures, edit status messages, and delete or find messages."""
