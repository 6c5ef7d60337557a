"""Kinds of country to render synthetic pictures in: one file each, found by its name."""
