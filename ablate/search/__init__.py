"""The running search: driver, samplers, and Ray Tune's schedulers."""
