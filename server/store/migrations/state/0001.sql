-- One table per kind of record. `doc` is the record as JSON; the columns beside it are copies that
-- queries and version checks need. `n` orders records that were made in the same millisecond.

CREATE TABLE device (
    n          INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    scope      TEXT NOT NULL,
    udid       TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX device_made ON device (created_at);
CREATE INDEX device_scope ON device (scope, created_at);
CREATE INDEX device_udid ON device (udid, created_at) WHERE udid IS NOT NULL;

-- When a device was last heard of: written in bulk, without versions.
CREATE TABLE last_seen (
    device TEXT PRIMARY KEY,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE channel (
    n       INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    doc     TEXT NOT NULL,
    device  TEXT NOT NULL,
    own     INTEGER NOT NULL,
    session INTEGER NOT NULL
) STRICT;
CREATE INDEX channel_device ON channel (device);

CREATE TABLE command (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid        TEXT NOT NULL UNIQUE,
    version     INTEGER NOT NULL,
    doc         TEXT NOT NULL,
    device      TEXT NOT NULL,
    channel     TEXT NOT NULL,
    open        INTEGER NOT NULL,
    deferred_in INTEGER
) STRICT;
-- `deferred_in` is set only while the command is deferred.
CREATE INDEX command_queue ON command (channel, seq, deferred_in) WHERE open = 1;
CREATE INDEX command_deferred ON command (channel, deferred_in) WHERE deferred_in IS NOT NULL;
CREATE INDEX command_device ON command (device, seq);

-- Rendered messages that must be the same when they are sent again.
CREATE TABLE kept (
    key   TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE delivery (
    n          INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    scope      TEXT NOT NULL,
    device     TEXT,
    profile    TEXT NOT NULL,
    state      TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX delivery_made ON delivery (created_at);
CREATE INDEX delivery_device ON delivery (device, created_at) WHERE device IS NOT NULL;
CREATE INDEX delivery_profile ON delivery (profile, created_at);

CREATE TABLE profile (
    n          INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    scope      TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE code (
    n          INTEGER PRIMARY KEY,
    code       TEXT NOT NULL UNIQUE,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE challenge (
    id      TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    doc     TEXT NOT NULL
) STRICT;

CREATE TABLE certificate (
    n           INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    version     INTEGER NOT NULL,
    doc         TEXT NOT NULL,
    serial      TEXT NOT NULL UNIQUE,
    device      TEXT,
    trans       TEXT,
    key_sha256  TEXT NOT NULL,
    revoked     INTEGER NOT NULL,
    issued_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX certificate_made ON certificate (issued_at);
CREATE INDEX certificate_device ON certificate (device, issued_at) WHERE device IS NOT NULL;
CREATE INDEX certificate_transaction ON certificate (trans, key_sha256, issued_at) WHERE trans IS NOT NULL;
CREATE INDEX certificate_revoked ON certificate (issued_at) WHERE revoked = 1;

CREATE TABLE link (
    token   TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    doc     TEXT NOT NULL
) STRICT;

-- Append-only, without gaps; only the oldest are ever deleted, and never the last one.
CREATE TABLE event (
    seq      INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    scope    TEXT NOT NULL,
    kind     TEXT NOT NULL,
    device   TEXT,
    delivery TEXT,
    doc      TEXT NOT NULL
) STRICT;
CREATE INDEX event_device ON event (device) WHERE device IS NOT NULL;
CREATE INDEX event_delivery ON event (delivery) WHERE delivery IS NOT NULL;
