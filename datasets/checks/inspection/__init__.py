"""What `python -m datasets.inspect` shows.

findings           possible problems, counted
sampling           which samples are drawn
census             one pass over the shards: counts, findings, the samples to draw
misread            signs that the photographs were misread
count_warnings     findings that follow from the counts
count_tables       the counts as aligned text
animal_figures     how animals lie in their frames and which colours they have
photographed_deer  the same of real deer
figure_marks       words for what differs
rendered_scenes    what the renderer wrote about its pictures
figure_tables      the figures as aligned text
sheet_groups       samples to draw by a part of their keys
contact_sheet      samples as one picture, with outlines, boxes and captions
contact_sheets     the drawn samples of each arm as such pictures
"""
