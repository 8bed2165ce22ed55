"""The local Discord's protocols: REST, gateway, files, and injected faults."""
