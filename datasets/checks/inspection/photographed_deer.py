"""What photographed deer measure: the figures that synthetic animals are set beside.

Framing: the boxes of 186 deer of CCT-20, the published subset of Caltech Camera Traps (Beery et al. 2018). Coat: 473
photographed deer of Caltech Camera Traps, the mean colour of the middle of the body of each. Frames: means of whole day
photographs of these cameras, whose colours are often shifted to cyan, from (140, 131, 113) to (92, 147, 154).
Shares are in [0, 1], colours are sRGB levels, 0 to 255.
"""

from __future__ import annotations

SOURCE = "boxes of 186 (CCT-20), coats of 473; frames: range of means by day"

AREA = (0.04, 0.24, 0.85)  # of the box, as a share of the frame: 5 %, median, 95 %
ASPECT = 0.88  # width by height of the box, median
EDGE = 0.59  # share of the boxes that touch the frame's edge

# Quartiles of red, green and blue.
COAT = ((92.0, 122.0, 162.0), (80.0, 105.0, 138.0), (61.0, 85.0, 120.0))

# From the warmest frame to the coldest: lowest and highest mean of red, green and blue.
FRAME_RANGES = ((92.0, 140.0), (131.0, 147.0), (113.0, 154.0))
