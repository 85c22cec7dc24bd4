-- What users are asked because of edits.
CREATE TABLE prompt (
    n          INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    scope      TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
