"""Numbers to claims: means, intervals, contrasts, baselines."""
