"""What is owed to channels: pictures, status messages, takedowns, and what was lost on the way."""
