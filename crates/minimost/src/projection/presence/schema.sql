-- The state that everybody shares, presence.db. docs/data-files.md says what may be relied on.

-- Signals, not derived from the log: written behind, reset at every start.
CREATE TABLE IF NOT EXISTS presence (
    user      TEXT PRIMARY KEY,
    last_seen INTEGER NOT NULL, -- Unix seconds
    state     TEXT NOT NULL,    -- `active`, `idle`, `hidden` or `offline`
    override  TEXT              -- `active`, `idle`, `offline`, or NULL for none
);

CREATE TABLE IF NOT EXISTS typing (
    user    TEXT NOT NULL,
    channel TEXT NOT NULL,
    ts      INTEGER NOT NULL,   -- Unix seconds of the last key; older than 5 s means no more
    PRIMARY KEY (user, channel)
);

CREATE TABLE IF NOT EXISTS message_reactions (
    channel TEXT NOT NULL,
    msg_ts  REAL NOT NULL,
    emoji   TEXT NOT NULL,
    reactor TEXT NOT NULL,
    PRIMARY KEY (channel, msg_ts, emoji, reactor)
);

CREATE TABLE IF NOT EXISTS private_channels (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_ts REAL NOT NULL,
    -- own: zeros, so many that another name changes no row's length: 320 bytes are the longest name, and the length of a
    -- text of more than 57 takes another byte of the row (SQLite's file format, "Record Format"). So SQLite moves no row
    -- into another page when a channel is renamed, and leaves no copy of names there that no erasure finds.
    space      BLOB NOT NULL GENERATED ALWAYS AS (
        zeroblob(379 - length(CAST(name AS BLOB)) - (length(CAST(name AS BLOB)) > 57))
    ) STORED
);

CREATE TABLE IF NOT EXISTS private_channel_members (
    channel_id       INTEGER NOT NULL,
    username         TEXT NOT NULL,
    joined_ts        REAL NOT NULL,
    history_start_ts REAL,      -- NULL sees everything
    PRIMARY KEY (channel_id, username),
    FOREIGN KEY (channel_id) REFERENCES private_channels (id)
);

-- When each message was sent; what read_receipts shows a row of per reader.
CREATE TABLE IF NOT EXISTS message_time (
    channel TEXT    NOT NULL,
    seq     INTEGER NOT NULL,
    ts      REAL    NOT NULL,
    sender  TEXT    NOT NULL,
    beside  INTEGER NOT NULL,   -- 1: a reply that is only in its thread, which no marker of the channel reads
    PRIMARY KEY (channel, seq)
) STRICT, WITHOUT ROWID;

-- What was read of each channel: messages with from_seq < seq <= to_seq. An interval for each membership, from their coming
-- on; those with a lower from_seq than the newest may have been read later, by who set their marker back to before they
-- came, and went on from there. Nothing read is ever unread: setting a marker back says "unread" to its owner, and
-- leaving ends a membership; neither undoes that they saw it. No two of a reader overlap.
CREATE TABLE IF NOT EXISTS read_interval (
    channel  TEXT    NOT NULL,
    reader   TEXT    NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq   INTEGER NOT NULL,
    back_to  INTEGER,           -- where the marker stands, while it stands before the coming
    PRIMARY KEY (channel, reader, from_seq)
) STRICT, WITHOUT ROWID;

-- A row per message of other people and reader, without being stored as one.
CREATE VIEW IF NOT EXISTS read_receipts (channel, msg_ts, reader) AS
    SELECT message_time.channel, message_time.ts, read_interval.reader
      FROM read_interval
      JOIN message_time
        ON message_time.channel = read_interval.channel
       AND message_time.seq > read_interval.from_seq
       AND message_time.seq <= read_interval.to_seq
       AND message_time.beside = 0
       AND message_time.sender NOT IN (read_interval.reader, 'system');
