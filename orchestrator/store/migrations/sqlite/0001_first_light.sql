-- Organizations and what they hold.

CREATE TABLE organizations (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    version BIGINT NOT NULL,
    activation_generation BIGINT NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL
);

CREATE TABLE environments (
    id BLOB PRIMARY KEY,
    organization BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (organization, name),
    UNIQUE (organization, id)
);

CREATE TABLE platforms (
    id BLOB PRIMARY KEY,
    organization BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    version BIGINT NOT NULL,
    driver TEXT NOT NULL,
    definition TEXT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (organization, name),
    UNIQUE (organization, id)
);

CREATE TABLE distributions (
    id BLOB PRIMARY KEY,
    organization BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    version BIGINT NOT NULL,
    locked BOOLEAN NOT NULL,
    definition TEXT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (organization, name),
    UNIQUE (organization, id)
);

CREATE TABLE applications (
    id BLOB PRIMARY KEY,
    organization BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    version BIGINT NOT NULL,
    locked BOOLEAN NOT NULL,
    definition TEXT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (organization, name),
    UNIQUE (organization, id)
);

-- Hosts. What they refer to is of their own organization, or the database refuses.

CREATE TABLE hosts (
    id BLOB PRIMARY KEY,
    organization BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    environment BLOB NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    state_since TEXT,
    state_reason TEXT,
    generation BIGINT NOT NULL,
    last_change_number BIGINT NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    UNIQUE (environment, name),
    UNIQUE (organization, id),
    FOREIGN KEY (organization, environment) REFERENCES environments (organization, id)
);

CREATE TABLE instances (
    host BLOB PRIMARY KEY,
    organization BLOB NOT NULL,
    state TEXT NOT NULL,
    handle TEXT NOT NULL,
    locked BOOLEAN NOT NULL,
    properties TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TEXT NOT NULL,
    FOREIGN KEY (organization, host) REFERENCES hosts (organization, id) ON DELETE CASCADE
);

CREATE TABLE contexts (
    id BLOB PRIMARY KEY,
    organization BLOB NOT NULL,
    host BLOB NOT NULL,
    application BLOB,
    platform BLOB,
    distribution BLOB,
    position BIGINT NOT NULL,
    installation TEXT,
    services TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (host, application),
    FOREIGN KEY (organization, host) REFERENCES hosts (organization, id) ON DELETE CASCADE,
    FOREIGN KEY (organization, application) REFERENCES applications (organization, id),
    FOREIGN KEY (organization, platform) REFERENCES platforms (organization, id),
    FOREIGN KEY (organization, distribution) REFERENCES distributions (organization, id)
);

CREATE UNIQUE INDEX contexts_one_platform ON contexts (host) WHERE platform IS NOT NULL;
CREATE UNIQUE INDEX contexts_one_distribution ON contexts (host) WHERE distribution IS NOT NULL;
CREATE INDEX contexts_of_application ON contexts (application);

CREATE TABLE settings (
    organization BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    level TEXT NOT NULL,
    owner BLOB NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    schema TEXT,
    version BIGINT NOT NULL,
    position BIGINT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (organization, level, owner, key)
);

CREATE TABLE desired_resources (
    organization BLOB NOT NULL,
    host BLOB NOT NULL,
    collection TEXT NOT NULL,
    resource TEXT NOT NULL,
    attributes TEXT NOT NULL,
    applications TEXT NOT NULL,
    label TEXT NOT NULL,
    sensitive BOOLEAN NOT NULL,
    PRIMARY KEY (organization, host, collection, resource),
    FOREIGN KEY (organization, host) REFERENCES hosts (organization, id) ON DELETE CASCADE
);

CREATE TABLE alerts (
    organization BLOB NOT NULL,
    host BLOB NOT NULL,
    collection TEXT NOT NULL,
    resource TEXT NOT NULL,
    finding TEXT NOT NULL,
    since TEXT NOT NULL,
    reported_at TEXT NOT NULL,
    PRIMARY KEY (organization, host, collection, resource),
    FOREIGN KEY (organization, host) REFERENCES hosts (organization, id) ON DELETE CASCADE
);

-- Changes.

CREATE TABLE changes (
    id BLOB PRIMARY KEY,
    organization BLOB NOT NULL,
    host BLOB NOT NULL,
    order_number BIGINT NOT NULL,
    description TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    began_at TEXT,
    ended_at TEXT,
    message TEXT,
    generation BIGINT NOT NULL,
    follows BIGINT NOT NULL,
    desired_digest TEXT NOT NULL,
    on_error TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    UNIQUE (host, order_number),
    FOREIGN KEY (organization, host) REFERENCES hosts (organization, id) ON DELETE CASCADE
);

CREATE INDEX changes_pending ON changes (expires_at) WHERE state = 'PENDING';

CREATE TABLE tasks (
    change_id BLOB NOT NULL REFERENCES changes (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    task TEXT NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT,
    ending TEXT,
    state_at TEXT,
    PRIMARY KEY (change_id, number)
);

-- Agents and their lanes.

CREATE TABLE agents (
    id BLOB PRIMARY KEY,
    organization BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    environment BLOB NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    host BLOB REFERENCES hosts (id) ON DELETE SET NULL,
    signing_key BLOB NOT NULL,
    sealing_key BLOB NOT NULL,
    version TEXT NOT NULL,
    revoked_at TEXT,
    up BOOLEAN NOT NULL,
    last_seen TEXT,
    sent_epoch BIGINT NOT NULL,
    sent_sequence BIGINT NOT NULL,
    receipted_epoch BIGINT NOT NULL,
    receipted_sequence BIGINT NOT NULL,
    received_epoch BIGINT NOT NULL,
    received_sequence BIGINT NOT NULL,
    fence BIGINT NOT NULL DEFAULT 0,
    lease_holder BLOB,
    lease_until TEXT,
    created_at TEXT NOT NULL
);

CREATE UNIQUE INDEX agents_one_of_host ON agents (host) WHERE host IS NOT NULL AND revoked_at IS NULL;
CREATE INDEX agents_of_organization ON agents (organization);

CREATE TABLE outbox (
    agent BLOB NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    epoch BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    previous BIGINT NOT NULL,
    organization BLOB NOT NULL,
    id BLOB NOT NULL UNIQUE,
    content TEXT NOT NULL,
    change_id BLOB,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    sent_at TEXT,
    PRIMARY KEY (agent, epoch, sequence)
);

CREATE INDEX outbox_of_change ON outbox (change_id);

CREATE TABLE parked_reports (
    agent BLOB NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    epoch BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    previous BIGINT NOT NULL,
    id BLOB NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY (agent, epoch, sequence)
);

CREATE TABLE enrolment_tokens (
    id BLOB PRIMARY KEY,
    organization BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    environment BLOB NOT NULL,
    host BLOB REFERENCES hosts (id) ON DELETE CASCADE,
    secret BLOB NOT NULL,
    uses_left BIGINT NOT NULL,
    uses BIGINT NOT NULL,
    expires_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    FOREIGN KEY (organization, environment) REFERENCES environments (organization, id) ON DELETE CASCADE
);

-- Content.

CREATE TABLE blobs (
    organization BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    bytes BLOB NOT NULL,
    size BIGINT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (organization, digest)
);

CREATE TABLE blob_agents (
    agent BLOB NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    organization BLOB NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (agent, digest),
    FOREIGN KEY (organization, digest) REFERENCES blobs (organization, digest) ON DELETE CASCADE
);

-- Plugins.

CREATE TABLE components (
    digest TEXT PRIMARY KEY,
    bytes BLOB NOT NULL,
    size BIGINT NOT NULL
);

CREATE TABLE plugins (
    id BLOB PRIMARY KEY,
    plugin TEXT NOT NULL,
    version TEXT NOT NULL,
    kind TEXT NOT NULL,
    serves TEXT NOT NULL,
    digest TEXT NOT NULL REFERENCES components (digest),
    size BIGINT NOT NULL,
    summary TEXT NOT NULL,
    manifest TEXT NOT NULL,
    asked TEXT NOT NULL,
    publisher_key TEXT,
    signature TEXT,
    shipped BOOLEAN NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (plugin, version)
);

CREATE TABLE activations (
    organization BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    serves TEXT NOT NULL,
    plugin BLOB NOT NULL REFERENCES plugins (id),
    grants TEXT NOT NULL,
    generation BIGINT NOT NULL,
    activated_at TEXT NOT NULL,
    PRIMARY KEY (organization, kind, serves)
);

CREATE TABLE plugin_standings (
    agent BLOB NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    plugin TEXT NOT NULL,
    digest TEXT NOT NULL,
    generation BIGINT NOT NULL,
    state TEXT NOT NULL,
    reported_at TEXT NOT NULL,
    PRIMARY KEY (agent, plugin)
);

-- People.

CREATE TABLE users (
    id BLOB PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    full_name TEXT NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    password TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TEXT NOT NULL
);

CREATE UNIQUE INDEX users_email ON users (email) WHERE email <> '';

CREATE TABLE memberships (
    organization BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    level TEXT NOT NULL,
    owner BLOB NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (organization, user_id, level, owner)
);

CREATE TABLE api_keys (
    id BLOB PRIMARY KEY,
    organization BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    key_digest TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    expires_at TEXT,
    created_at TEXT NOT NULL,
    UNIQUE (organization, name)
);

CREATE TABLE idempotency_keys (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    answer TEXT,
    body BLOB,
    used_at TEXT NOT NULL,
    PRIMARY KEY (caller, key)
);

-- What happened. Events outlive their organization; their numbers are given out at the commit, under the counter's lock.

CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);

INSERT INTO counters (name, value) VALUES ('events', 0);

CREATE TABLE events (
    id BIGINT PRIMARY KEY,
    organization BLOB,
    actor TEXT NOT NULL,
    occurrence TEXT NOT NULL,
    happened_at TEXT NOT NULL
);

CREATE INDEX events_of_organization ON events (organization, id);
CREATE INDEX events_by_age ON events (happened_at);
