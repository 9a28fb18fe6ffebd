"""Tables of documents: what is attached to what, files that are on their way here, and the text of all."""

from sqlalchemy import Index, Table

from station.store.columns import integer, maybe, metadata, text
from station.store.org_schema import of_unit

SEARCH = "document_search"  # a virtual table of SQLite (FTS5), made by its migration; rowid is documents.id

documents = Table(
    "documents",
    metadata,
    integer("id", primary_key=True),
    text("token", unique=True),  # of the form or the upload: a second press finds the first document
    text("subject"),  # station.documents.subjects.SUBJECTS: what it is attached to
    text("key"),  # which of them
    of_unit(),  # who may see it
    text("name"),  # of the file as it came
    text("title"),
    text("tags"),  # with spaces
    text("sha256"),  # of the file under files/
    integer("bytes"),
    text("type"),  # by content: station.documents.types.TYPES
    text("author"),
    integer("added_s"),
    integer("version", server_default="1"),  # rises with each change of title and tags
    maybe("removed_s"),
    maybe("read_s"),  # when its text was taken into the search; null: waits
    Index(None, "unit", "id"),
    Index(None, "subject", "key", "id"),
    Index(None, "sha256"),
    Index(None, "read_s", "id"),
)

# A file that comes in pieces. How much is here says the size of its part, not a column.
uploads = Table(
    "uploads",
    metadata,
    text("token", primary_key=True),
    text("author"),
    text("subject"),
    text("key"),
    of_unit(),
    text("name"),
    text("title"),
    text("tags"),
    integer("bytes"),  # of the whole
    text("sha256", server_default=""),  # of the whole, if the sender could tell
    integer("changed_s"),
    Index(None, "changed_s"),
    sqlite_with_rowid=False,
)
