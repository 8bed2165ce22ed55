"""What the pretended Discord is and allows: SimCord with people, rooms and interactions."""
