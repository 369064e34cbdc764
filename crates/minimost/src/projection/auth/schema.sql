-- Accounts and logins, auth.db. docs/data-files.md says what may be relied on. The program decides on its workspace,
-- never on this file: an edit by hand lets nobody in and locks nobody out.

CREATE TABLE IF NOT EXISTS users (
    username        TEXT PRIMARY KEY,
    password_hash   TEXT NOT NULL,
    failed_attempts INTEGER NOT NULL DEFAULT 0, -- counted in memory; here always 0
    lockout_until   REAL,                       -- Unix seconds
    password_set_ts REAL,                       -- Unix seconds
    user_id         INTEGER NOT NULL UNIQUE,    -- own: the seq of the account's event
    is_admin        INTEGER NOT NULL,           -- own
    created_ts      REAL NOT NULL,              -- own: Unix seconds
    is_deactivated  INTEGER NOT NULL            -- own: 1 lets nobody log in
);

-- A row from the first change of a profile on.
CREATE TABLE IF NOT EXISTS user_settings (
    username    TEXT PRIMARY KEY,
    name_color  TEXT, -- #rrggbb, or NULL for the derived colour
    avatar_file TEXT, -- file name in avatars/
    bio         TEXT
);

-- Always empty: of a reset link only a hash is kept, in the log.
CREATE TABLE IF NOT EXISTS password_reset_tokens (
    token      TEXT PRIMARY KEY,
    username   TEXT NOT NULL,
    expires_ts REAL NOT NULL,
    used       INTEGER NOT NULL DEFAULT 0
);

-- Open logins.
CREATE TABLE IF NOT EXISTS sessions (
    session_id INTEGER PRIMARY KEY, -- the seq of the event that opened it
    user_id    INTEGER NOT NULL,
    token_hash TEXT NOT NULL,       -- SHA-256 of the token, 64 hex digits; the token itself is nowhere
    opened_ts  REAL NOT NULL        -- Unix seconds
) STRICT;
