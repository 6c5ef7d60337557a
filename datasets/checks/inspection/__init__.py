"""What `python -m datasets.inspect` shows.

findings         possible problems, counted
sampling         which samples are drawn
census           one pass over the shards: counts, findings, the samples to draw
misread          signs that the photographs were misread
count_warnings   findings that follow from the counts
count_tables     the counts as aligned text
contact_sheet    samples as one picture, with outlines, boxes and captions
contact_sheets   the drawn samples of each arm as such pictures
"""
