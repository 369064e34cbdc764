-- One person's mailbox, users/<username>.db. docs/data-files.md says what may be relied on.

-- The person's copy of the messages they may see: a window of the newest of each channel, and the newest that name them.
CREATE TABLE IF NOT EXISTS messages (
    id            INTEGER PRIMARY KEY AUTOINCREMENT, -- the seq of the message's event: the same in every mailbox
    channel       TEXT NOT NULL,          -- `general` or `dm:alice:bob`
    sender        TEXT NOT NULL,          -- user name, or `system`
    content       TEXT,                   -- NULL once deleted
    content_type  TEXT DEFAULT 'text',    -- `text` or `system`
    filename      TEXT,                   -- the first attachment's stored name
    ts            REAL NOT NULL,          -- Unix seconds, the same in every mailbox
    edited        INTEGER DEFAULT 0,      -- 1 after an edit
    edited_ts     REAL,                   -- Unix seconds of the last edit
    read          INTEGER DEFAULT 0,      -- 1 when the owner has read it or wrote it
    deleted       INTEGER DEFAULT 0,      -- 1 for a tombstone
    deleted_ts    REAL,                   -- Unix seconds
    reply_to_id   INTEGER,                -- id of the message that this one answers
    reactions     TEXT,                   -- JSON, {"heart":["bob"]}, keys in the order in which they came; NULL without any
    reactions_ts  REAL,                   -- Unix seconds of the last reaction set or cleared
    mentions      TEXT,                   -- JSON, ["bob"] or ["@everyone"]; NULL without any
    metadata      TEXT,                   -- JSON: what a notice says, thread, forwarded message, poll; NULL without any
    client_msg_id TEXT,                   -- the id that the sender's client gave
    expires_ts    REAL,                   -- Unix seconds after which an attachment may go
    FOREIGN KEY (reply_to_id) REFERENCES messages (id)
);

CREATE INDEX IF NOT EXISTS messages_channel ON messages (channel, id);

-- Direct channels that the owner does not want to see listed.
CREATE TABLE IF NOT EXISTS dm_hidden (
    channel   TEXT PRIMARY KEY,
    hidden_ts REAL NOT NULL
);

-- Whose mailbox this is, and how large its window. Another number than the configured one means rebuild.
CREATE TABLE IF NOT EXISTS mailbox (
    id                   INTEGER PRIMARY KEY CHECK (id = 1),
    user_id              INTEGER NOT NULL,
    messages_per_channel INTEGER NOT NULL -- 0 for everything
) STRICT;

-- What waits, per channel that the owner may see; reading it costs the same at any size.
CREATE TABLE IF NOT EXISTS counter (
    channel_id INTEGER PRIMARY KEY,
    channel    TEXT    NOT NULL, -- as in messages.channel
    start      INTEGER NOT NULL, -- seq from which the owner is a member; what is older arrives read
    history    INTEGER NOT NULL, -- seq from which the owner may see the channel
    marker     INTEGER NOT NULL, -- seq up to which the owner has read
    newest     INTEGER NOT NULL, -- seq of the newest message since the start, 0 without any
    floor      INTEGER NOT NULL, -- every message of the timeline from this id on is a row of messages
    beside     INTEGER NOT NULL, -- every reply that is only in a thread, from this id on, is one too
    unread     INTEGER NOT NULL, -- messages of others after the marker, without deleted ones
    mentions   INTEGER NOT NULL  -- of these, the ones in unread_mention
) STRICT;

-- Unread messages of others that name the owner or everyone.
CREATE TABLE IF NOT EXISTS unread_mention (
    seq        INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS unread_mention_channel ON unread_mention (channel_id, seq);

-- Every message of others that names the owner, or everyone. The newest that name the owner by name stay in messages, however old.
CREATE TABLE IF NOT EXISTS mention (
    seq        INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL,
    by_name    INTEGER NOT NULL -- 1 when the owner is named, 0 when everyone is
) STRICT;

-- The rows of messages that are only in a thread, and not in the channel's timeline.
CREATE TABLE IF NOT EXISTS beside (
    seq        INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL
) STRICT;

-- Threads that the owner follows.
CREATE TABLE IF NOT EXISTS thread (
    root       INTEGER PRIMARY KEY, -- id of the message that began it
    channel_id INTEGER NOT NULL,
    marker     INTEGER NOT NULL,    -- seq up to which the owner has read it
    newest     INTEGER NOT NULL     -- seq of the newest reply, erased or not; the root while there is none
) STRICT;

CREATE INDEX IF NOT EXISTS thread_newest ON thread (newest);

-- Their unread replies by others.
CREATE TABLE IF NOT EXISTS unread_reply (
    seq        INTEGER PRIMARY KEY,
    root       INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    is_mention INTEGER NOT NULL     -- 1 when it names the owner or everyone
) STRICT;

CREATE INDEX IF NOT EXISTS unread_reply_root ON unread_reply (root, seq);

-- Up to where what was deleted has left this file, when that is further than the file has come. Empty at the head of the log.
CREATE TABLE IF NOT EXISTS ahead (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    erased_up_to INTEGER NOT NULL
) STRICT;

-- Messages that the log had erased already when this file came to them, before it came to the event that deleted them:
-- they were never counted, so that event must not count them off. Empty at the head of the log.
CREATE TABLE IF NOT EXISTS forgotten (
    seq INTEGER PRIMARY KEY
) STRICT;
