"""Search spaces as they are written: explicit ones, filters, and searches."""
