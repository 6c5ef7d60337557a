"""How good a translation is: how near it came to the photographs, and whether the animal is still where its mask is."""
