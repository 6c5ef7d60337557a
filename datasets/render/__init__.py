"""The procedural renderer of the demo: animals, plants, ground, light and cameras, drawn from seeds (Mitsuba 3)."""
