-- `head` is the summary that lists show; `rest` holds headers and bodies, last in the row so that a
-- list need not read it. Numbers are unique over both tables.

-- Exchanges that mattered.
CREATE TABLE exchange (
    id     INTEGER PRIMARY KEY,
    device TEXT NOT NULL,
    at     INTEGER NOT NULL,
    size   INTEGER NOT NULL,
    head   BLOB NOT NULL,
    rest   BLOB NOT NULL
) STRICT;
CREATE INDEX exchange_device ON exchange (device, id, size);

-- Polls that changed nothing: the last few of each device. No index, because this is written most:
-- which rows are a device's is known in memory.
CREATE TABLE poll (
    id     INTEGER PRIMARY KEY,
    device TEXT NOT NULL,
    at     INTEGER NOT NULL,
    size   INTEGER NOT NULL,
    head   BLOB NOT NULL,
    rest   BLOB NOT NULL
) STRICT;
