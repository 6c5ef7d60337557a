"""Masks to components to boxes, the overlap of boxes, and masks as text."""
