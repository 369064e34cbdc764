-- The event log. Layout version 1; `PRAGMA application_id` is 0x4D4D4C47 ("MMLG").
-- Numbers that Rust has as u64 are stored with the same 64 bits.

CREATE TABLE meta (
    id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), -- one row
    format INTEGER NOT NULL,                            -- layout version; a higher one than ours is refused
    epoch  INTEGER NOT NULL                             -- identity of this history: random, new after a restore to the past
) STRICT;

CREATE TABLE record (
    seq           INTEGER NOT NULL PRIMARY KEY, -- position; strictly rising, gaps allowed
    ts_us         INTEGER NOT NULL,             -- microseconds since 1970 UTC; strictly rising with seq
    kind          INTEGER NOT NULL,             -- what happened; 0 to 65535, assigned by the layer above, never reused
    channel       INTEGER,                      -- where it happened: the seq that opened the channel
    actor         INTEGER NOT NULL,             -- who did it: the seq that created the account; 0 is the system
    target        INTEGER,                      -- the earlier record that it is about
    client_msg_id TEXT,                         -- the client's own id of the wish; unique per actor, for ever
    envelope_sum  INTEGER NOT NULL,             -- CRC-32 of the columns above; kept by redaction
    body          BLOB,                         -- JSON; NULL once erased
    body_sum      INTEGER NOT NULL,             -- CRC-32 of body; 0 once erased
    redacted_by   INTEGER,                      -- the seq that erased the body
    CHECK ((body IS NULL) = (redacted_by IS NOT NULL))
) STRICT;

-- Pages of a channel, and its unread counts from the index alone.
CREATE INDEX record_channel ON record (channel, kind, seq, actor, redacted_by) WHERE channel IS NOT NULL;

-- What became of a message; seq is in every index anyway.
CREATE INDEX record_target ON record (target) WHERE target IS NOT NULL;

-- Exactly once.
CREATE UNIQUE INDEX record_client_msg_id ON record (actor, client_msg_id) WHERE client_msg_id IS NOT NULL;
