-- The workspace as it was at the checkpoint's seq.
CREATE TABLE IF NOT EXISTS workspace (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    json TEXT    NOT NULL, -- of the program's own making; not a format for others
    sum  BLOB    NOT NULL  -- SHA-256 of `<format> <epoch> <seq> <json>`, the first three as in checkpoint
) STRICT;
