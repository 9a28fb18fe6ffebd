"""Files of people into the archives and back: read, compared, confirmed, applied in batches, undone."""
