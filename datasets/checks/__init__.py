"""Is a data set right, and is a translation good?"""
