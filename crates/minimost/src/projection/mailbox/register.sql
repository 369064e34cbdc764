-- mailboxes.db: how far each mailbox is, so that after a start nobody has to open all of them to know who is behind.
-- What concerns nobody here up to the seq in `checkpoint` concerns no mailbox.

-- What the rows below were true of. Another start of the machine, window or format of the mailboxes, and they are no longer.
CREATE TABLE IF NOT EXISTS sweep (
    id                   INTEGER PRIMARY KEY CHECK (id = 1),
    boot                 TEXT    NOT NULL, -- which start of the machine: a power cut may take back what a mailbox had.
                                           -- 'at rest' from an end in good order to the next start of the server
    mailbox_format       INTEGER NOT NULL, -- of users/*.db
    messages_per_channel INTEGER NOT NULL  -- their window, 0 for everything
) STRICT;

CREATE TABLE IF NOT EXISTS mailbox (
    user_id         INTEGER PRIMARY KEY, -- the seq that created the account
    checkpoint      INTEGER,             -- the last event applied to users/<username>.db; NULL when only the file knows
    concerned_from  INTEGER,             -- the first event after it that concerns this person; NULL without any
    concerned_since REAL,                -- Unix seconds of that event
    erased_since    REAL                 -- Unix seconds of the first deletion that may not have left the file; NULL without any
) STRICT;
