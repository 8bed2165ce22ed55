"""How the pretended Discord is spoken to: REST, gateway, files, and the faults on the way."""
