"""Parquet to the paper's tables.

chosen      which trials a report is of;  protocols  which of them may be compared
settings    which trials belong in one column
baselines   what a prediction without a network scores
tables      scores as data frames
summary     each setting's averages with intervals;  contrasts  the planned questions, answered;  holm  many at once
hits        hit rates;  selection  what each rule for the scored epoch gives
validation  does synthetic validation predict the IoU on photographs?
histories   what searches tried;  influence  which fields matter
answers, diagnostics, searches, paper  grids of text and their notes
grid        aligned text
document    all tables with their titles and notes;  text, markup  render them
"""

from ablate.report.text import print_search, print_tables

__all__ = ["print_search", "print_tables"]
