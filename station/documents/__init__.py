"""Documents and photos: brought in pieces, kept by their hash, attached to what they are about, searched."""
