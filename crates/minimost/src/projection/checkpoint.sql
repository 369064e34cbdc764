-- How far this file is. One row, written in the transaction that holds the rows it speaks of.
CREATE TABLE IF NOT EXISTS checkpoint (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    format INTEGER NOT NULL, -- version of the own tables; another one than the program's means rebuild
    epoch  TEXT    NOT NULL, -- of the log, 16 hex digits; another one means rebuild
    seq    INTEGER NOT NULL  -- the last event applied
) STRICT;
