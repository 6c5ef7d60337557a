"""The experiment itself: loop, losses, checkpoints, evaluation. Knows no Ray."""
