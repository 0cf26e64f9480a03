-- Who this agent is. One row, or none before enrolment.
CREATE TABLE identity (
    only_row     INTEGER PRIMARY KEY CHECK (only_row = 1),
    agent        TEXT NOT NULL,
    organization TEXT NOT NULL,
    machine_id   TEXT NOT NULL,
    document     TEXT NOT NULL,  -- versioned JSON: bus address, pinned root key, certificate
    enrolled_at  TEXT NOT NULL
) STRICT;

-- How far both directions of the lane to the orchestrator have come.
CREATE TABLE lane (
    only_row          INTEGER PRIMARY KEY CHECK (only_row = 1),
    received_epoch    INTEGER NOT NULL DEFAULT 0,
    received_sequence INTEGER NOT NULL DEFAULT 0,
    sent_epoch        INTEGER NOT NULL DEFAULT 1,
    sent_sequence     INTEGER NOT NULL DEFAULT 0,
    bus_time          TEXT            -- the highest time seen in verified envelopes
) STRICT;
INSERT INTO lane (only_row) VALUES (1);

-- Ordered messages of the orchestrator that still have to be acted on.
CREATE TABLE inbox (
    epoch    INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    change   TEXT,                    -- of changes, resyncs and cancels
    message  TEXT NOT NULL,           -- JSON of ToAgent
    PRIMARY KEY (epoch, sequence)
) STRICT, WITHOUT ROWID;

-- Reports that the orchestrator has not receipted yet.
CREATE TABLE outbox (
    epoch    INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    envelope TEXT NOT NULL,           -- id, the same each time the report is sent
    time     TEXT NOT NULL,
    message  TEXT NOT NULL,           -- JSON of ToOrchestrator
    PRIMARY KEY (epoch, sequence)
) STRICT, WITHOUT ROWID;

-- Where the desired set stands.
CREATE TABLE desired_set (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    generation INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO desired_set (only_row) VALUES (1);

-- The resources of the desired set, and those that are leaving it.
CREATE TABLE resources (
    collection TEXT NOT NULL,
    id         TEXT NOT NULL,
    attributes TEXT NOT NULL,
    standing   TEXT NOT NULL CHECK (standing IN ('accepted', 'applied', 'leaving')),
    monitored  INTEGER NOT NULL,
    membership TEXT NOT NULL,
    sensitive  INTEGER NOT NULL,
    before     TEXT,                  -- observed attributes when it was adopted; nothing if it was not there
    seen       INTEGER NOT NULL DEFAULT 0,  -- whether "before" was observed already
    PRIMARY KEY (collection, id)
) STRICT, WITHOUT ROWID;

-- Changes that were begun, the last ones of those that ended included.
CREATE TABLE changes (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL UNIQUE,
    resync   INTEGER NOT NULL,
    body     TEXT NOT NULL,           -- JSON of Resync; a change has nothing to remove
    active   TEXT NOT NULL,           -- JSON: numbers of tasks whose resource was active before
    attempt  INTEGER NOT NULL DEFAULT 1,
    state    TEXT NOT NULL CHECK (state IN ('running', 'ended')),
    outcome  TEXT,
    began_at TEXT NOT NULL,
    ended_at TEXT
) STRICT;

CREATE TABLE tasks (
    change  TEXT NOT NULL REFERENCES changes (id) ON DELETE CASCADE,
    number  INTEGER NOT NULL,
    state   TEXT NOT NULL CHECK (state IN ('pending', 'begun', 'done', 'failed', 'interrupted', 'skipped')),
    run     TEXT,                     -- name under which its programs run
    changed INTEGER NOT NULL DEFAULT 0,
    report  TEXT,                     -- differences shown when it began, then how it ended
    PRIMARY KEY (change, number)
) STRICT, WITHOUT ROWID;

-- Actions that are owed to resources that changed, until they are paid.
CREATE TABLE triggers (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    collection TEXT NOT NULL,
    resource   TEXT NOT NULL,
    action     TEXT NOT NULL,
    attributes TEXT NOT NULL,
    change     TEXT NOT NULL,         -- that made the debt
    task       INTEGER NOT NULL,      -- whose effect it is owed to
    waits_for  TEXT NOT NULL,         -- JSON: resources that have to be applied first
    state      TEXT NOT NULL CHECK (state IN ('possible', 'due', 'begun')),
    run        TEXT,
    UNIQUE (collection, resource, action, attributes, change, task)
) STRICT;

-- Open alerts: one for a resource at most.
CREATE TABLE alerts (
    collection TEXT NOT NULL,
    id         TEXT NOT NULL,
    state      TEXT NOT NULL,         -- JSON of ResourceState as it was reported
    since      TEXT NOT NULL,
    PRIMARY KEY (collection, id)
) STRICT, WITHOUT ROWID;

-- The activation in force.
CREATE TABLE activation (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    generation INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO activation (only_row) VALUES (1);

CREATE TABLE plugins (
    digest    TEXT PRIMARY KEY,
    statement TEXT NOT NULL,          -- JSON of ActivePlugin
    proven    TEXT NOT NULL,          -- JSON: what describe and supports said
    serving   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Digest of each compiled component in the cache.
CREATE TABLE compiled_cache (
    key    TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Digest of the content that a signed change delivered to a path.
CREATE TABLE delivered_files (
    path   TEXT PRIMARY KEY,
    sha256 BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Content kept beside the ledger, in files named by digest.
CREATE TABLE blobs (
    digest TEXT PRIMARY KEY,
    size   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The facts that were reported last.
CREATE TABLE facts (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    properties TEXT NOT NULL
) STRICT;
