-- The workspace as it was at the checkpoint's seq, in parts: those that have changed are written again, all together.
CREATE TABLE IF NOT EXISTS part (
    noun    INTEGER NOT NULL, -- what is in it
    channel INTEGER NOT NULL, -- whose members or markers they are, else 0
    shelf   INTEGER NOT NULL,
    -- Zeros before what can be erased, so many that nothing of that is in the page of the row itself. There SQLite moves
    -- rows about, and leaves copies that no erasure finds; the pages that a row goes on in are overwritten whole.
    space   BLOB    NOT NULL,
    json    TEXT    NOT NULL, -- of the program's own making; not a format for others
    PRIMARY KEY (noun, channel, shelf)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS workspace (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    sum BLOB NOT NULL -- SHA-256 of `<format> <epoch> <seq> <sum of all parts>`, the first three as in checkpoint
) STRICT;
