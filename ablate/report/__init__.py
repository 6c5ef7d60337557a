"""Parquet to the paper's tables.

trial_filter  which trials a report is of
layout, conclusions, diagnostics, search_history, paper  the tables as grids of text;  captions  titles and notes
text_grid     aligned text;  number_format  the numbers in it
document      all tables with their titles and notes;  text, formats, page  render them
"""

from ablate.report.text import print_search, print_tables

__all__ = ["print_search", "print_tables"]
