"""Search spaces: one module each, with `def space() -> ablate.spaces.space.Space`.

The module's docstring gives the question, the command, the number of trials and the time. What
varies within one space is what it studies: the report compares its values, and keeps apart trials of runs that differ
in anything else. `JUDGES = False` in a module says that its trials are too small for any verdict.
"""
