-- The last session of a device with which a command takes a conversation: what was asked and not answered yet.
CREATE TABLE session (
    device  TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    doc     TEXT NOT NULL
) STRICT;
