"""Which of the paper's differences are larger than the noise between seeds? The paper's grid with five seeds.

    python -m ablate.run space=seeds

75 trials: the 15 of `paper_grid`, which are not trained again where they are done, with the seeds 0 to 4. About 25
minutes on the demo and two cores; on one GPU at full size not measured.
"""

from ablate.spaces.space import Space
from search_spaces import paper_grid


def space() -> Space:
    return paper_grid.space().repeat(5)
