"""What a translator sees: the photographs whose style is wanted, and where its training keeps its files."""
