"""Search spaces: one module each, with `def space() -> ablate.space.Space`.

The module's docstring gives the question, the command, the number of trials and the time.
"""
