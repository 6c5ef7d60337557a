"""What dies, fills up, hangs or lies while trials run: afterwards the same command ends as if nothing had happened."""
