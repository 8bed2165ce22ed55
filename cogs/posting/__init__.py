"""What channels are owed: pictures, status messages, deletions, and messages lost on the way."""
