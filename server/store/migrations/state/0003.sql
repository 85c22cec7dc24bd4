-- The directory: whom profiles are for.

CREATE TABLE user (
    n          INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    scope      TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE member_group (
    n          INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    scope      TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE assignment (
    n          INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    scope      TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE settings (
    id      TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    doc     TEXT NOT NULL
) STRICT;
