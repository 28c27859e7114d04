"""Pictures as a backbone wants them: size, channels, pixel convention."""
