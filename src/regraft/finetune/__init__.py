"""Training the backbone itself, from a fitted head on; nothing here knows how heads are fitted."""
