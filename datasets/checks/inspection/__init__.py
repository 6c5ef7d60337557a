"""What `python -m datasets.inspect` shows.

findings    what looks wrong, counted
schema      the JSON of samples
draw        which samples are drawn
census      one pass over the shards: counts, findings, the samples to draw
doubts      findings that follow from the counts
misread     signs that the photographs were misread
tables      the counts as aligned text
sheet       samples as one picture, with outlines, boxes and captions
sheets      the drawn samples of each arm as such pictures
"""
