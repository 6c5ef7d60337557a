"""The running search: driver, samplers, and Ray Tune's schedulers."""

from ablate.spaces.search import Asha, Pbt, Search  # its place in files of spaces that were written before

__all__ = ["Asha", "Pbt", "Search"]
