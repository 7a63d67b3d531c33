-- Ids are 16-byte UUIDs of version 7, so that new rows land beside each other. Times are microseconds since 1970 in UTC.
-- A CHECK lists its words with OR: SQLite builds a table for an IN of three each time that it judges one.
-- `seq` is shard * 2^47 + position: one key that is both the place in the feed and the row's own.

CREATE TABLE facts (
    one            INTEGER PRIMARY KEY CHECK (one = 1),
    schema_version INTEGER NOT NULL CHECK (schema_version >= 1),
    shards         INTEGER NOT NULL CHECK (shards BETWEEN 1 AND 65535),
    hmac_key       BLOB    NOT NULL CHECK (length(hmac_key) = 32)
) STRICT;

CREATE TABLE events (
    seq          INTEGER PRIMARY KEY,
    merchant     TEXT    NOT NULL,
    stream       TEXT    NOT NULL CHECK (stream = 'order' OR stream = 'payment' OR stream = 'saga' OR stream = 'consumer'),
    stream_id    BLOB    NOT NULL CHECK (length(stream_id) = 16),
    version      INTEGER NOT NULL CHECK (version >= 1),
    id           BLOB    NOT NULL CHECK (length(id) = 16),
    kind         TEXT    NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    kind_version INTEGER NOT NULL CHECK (kind_version BETWEEN 0 AND 65535),
    mirror       INTEGER NOT NULL CHECK (mirror IN (0, 1)),
    at           INTEGER NOT NULL,
    actor_kind   TEXT    NOT NULL,
    actor        TEXT    NOT NULL CHECK (length(actor) <= 128),
    correlation  TEXT             CHECK (length(correlation) <= 128),
    causation    BLOB             CHECK (length(causation) = 16),
    body         BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_stream ON events (merchant, stream_id, stream, version);

-- `last` is the `seq` of the account's newest movement.
CREATE TABLE accounts (
    id            INTEGER PRIMARY KEY,
    merchant      TEXT    NOT NULL,
    sku           TEXT    NOT NULL,
    location      TEXT    NOT NULL,
    on_hand       INTEGER NOT NULL CHECK (on_hand >= 0),
    held          INTEGER NOT NULL CHECK (held >= 0),
    shortfall     INTEGER NOT NULL CHECK (shortfall >= 0),
    backorder     INTEGER NOT NULL CHECK (backorder >= 0),
    safety        INTEGER NOT NULL CHECK (safety >= 0),
    reorder_point INTEGER          CHECK (reorder_point >= 0),
    reorder_qty   INTEGER NOT NULL CHECK (reorder_qty >= 0),
    last          INTEGER,
    available     INTEGER NOT NULL AS (on_hand - held + backorder - safety) VIRTUAL,
    CHECK (held <= on_hand + backorder - safety + shortfall)
) STRICT;
CREATE UNIQUE INDEX accounts_by_key ON accounts (merchant, sku, location);
CREATE INDEX accounts_low ON accounts (merchant, sku, location) WHERE available <= reorder_point;

-- `n` counts what all shards held with this one: the order in which movements of several shards were committed.
-- `prev` is the `seq` of the movement of the same SKU before this one: an index by SKU would write a page for every movement.
CREATE TABLE movements (
    seq           INTEGER PRIMARY KEY,
    n             INTEGER NOT NULL CHECK (n >= 1),
    prev          INTEGER,
    id            BLOB    NOT NULL CHECK (length(id) = 16),
    account       INTEGER NOT NULL REFERENCES accounts (id),
    kind          TEXT    NOT NULL,
    on_hand_delta INTEGER NOT NULL,
    held_delta    INTEGER NOT NULL,
    hold          BLOB             CHECK (length(hold) = 16),
    backorder     INTEGER,
    safety        INTEGER,
    reorder_point INTEGER,
    reorder_qty   INTEGER,
    reason        TEXT             CHECK (length(reason) <= 256),
    at            INTEGER NOT NULL,
    actor_kind    TEXT    NOT NULL,
    actor         TEXT    NOT NULL CHECK (length(actor) <= 128)
) STRICT;
-- What was held has the hold's own id and is found by it; these find the rest.
CREATE INDEX movements_by_move ON movements (id) WHERE kind <> 'held';
CREATE INDEX movements_by_hold ON movements (hold) WHERE hold <> id;

-- `placements` is a line "units location" per location, in the order in which they were placed; the movements that placed them stand
-- in that order from the `seq` of `first` on.
CREATE TABLE holds (
    merchant   TEXT    NOT NULL,
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    owner_kind TEXT    NOT NULL CHECK (owner_kind IN ('order', 'reservation')),
    owner      BLOB    NOT NULL CHECK (length(owner) = 16),
    sku        TEXT    NOT NULL,
    placements TEXT    NOT NULL,
    remaining  INTEGER NOT NULL CHECK (remaining >= 0),
    confirmed  INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
    expires_at INTEGER NOT NULL,
    first      INTEGER NOT NULL,
    PRIMARY KEY (merchant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX holds_by_owner ON holds (merchant, owner);
-- Small: a hold leaves it when it is confirmed or ends.
CREATE INDEX holds_open ON holds (merchant, sku, expires_at, id) WHERE confirmed = 0 AND remaining > 0;

CREATE TABLE claims (
    merchant     TEXT NOT NULL,
    space        TEXT NOT NULL,
    key          TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 512),
    owner_kind   TEXT NOT NULL,
    owner        TEXT NOT NULL CHECK (length(owner) BETWEEN 1 AND 64),
    request_hash BLOB          CHECK (length(request_hash) = 32),
    expires_at   INTEGER,
    PRIMARY KEY (merchant, space, key)
) STRICT, WITHOUT ROWID;
-- Claims expire in about the order in which they were made: what is written to it lies together.
CREATE INDEX claims_by_expiry ON claims (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE sagas (
    n            INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL CHECK (length(id) = 16),
    merchant     TEXT    NOT NULL,
    kind         TEXT    NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
    kind_version INTEGER NOT NULL CHECK (kind_version BETWEEN 0 AND 65535),
    order_id     BLOB             CHECK (length(order_id) = 16),
    payment_id   BLOB             CHECK (length(payment_id) = 16),
    phase        TEXT    NOT NULL CHECK (phase = 'running' OR phase = 'stuck' OR phase = 'done' OR phase = 'abandoned'),
    epoch        INTEGER NOT NULL CHECK (epoch >= 0),
    revision     INTEGER NOT NULL CHECK (revision >= 1),
    lease_worker BLOB             CHECK (length(lease_worker) = 16),
    lease_until  INTEGER,
    due          INTEGER,
    failures     INTEGER NOT NULL CHECK (failures >= 0),
    last_error   TEXT             CHECK (length(last_error) <= 1000),
    state        BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    CHECK ((lease_worker IS NULL) = (lease_until IS NULL))
) STRICT;
CREATE UNIQUE INDEX sagas_by_id ON sagas (id);
CREATE INDEX sagas_running ON sagas (due) WHERE phase = 'running';
CREATE INDEX sagas_by_time ON sagas (merchant, created_at, id);
CREATE INDEX sagas_stuck ON sagas (merchant, created_at, id) WHERE phase = 'stuck';
CREATE INDEX sagas_by_order ON sagas (merchant, order_id) WHERE order_id IS NOT NULL;

CREATE TABLE orders (
    n           INTEGER PRIMARY KEY,
    merchant    TEXT    NOT NULL,
    id          BLOB    NOT NULL CHECK (length(id) = 16),
    customer    TEXT,
    status      TEXT    NOT NULL CHECK (length(status) BETWEEN 1 AND 64),
    placed_at   INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL CHECK (version >= 1),
    due         INTEGER,
    total_minor INTEGER NOT NULL,
    currency    TEXT    NOT NULL CHECK (length(currency) = 3),
    doc         BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX orders_by_id ON orders (merchant, id);
CREATE INDEX orders_by_time ON orders (merchant, placed_at, id);
CREATE INDEX orders_by_status ON orders (merchant, status, placed_at, id);
CREATE INDEX orders_by_customer ON orders (merchant, customer, placed_at, id) WHERE customer IS NOT NULL;
CREATE INDEX orders_due ON orders (due, id) WHERE due IS NOT NULL;

CREATE TABLE payments (
    n          INTEGER PRIMARY KEY,
    merchant   TEXT    NOT NULL,
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    order_id   BLOB             CHECK (length(order_id) = 16),
    status     TEXT    NOT NULL CHECK (length(status) BETWEEN 1 AND 64),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version    INTEGER NOT NULL CHECK (version >= 1),
    doc        BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX payments_by_id ON payments (merchant, id);
CREATE INDEX payments_by_time ON payments (merchant, created_at, id);
CREATE INDEX payments_by_status ON payments (merchant, status, created_at, id);
CREATE INDEX payments_by_order ON payments (merchant, order_id) WHERE order_id IS NOT NULL;

CREATE TABLE shipments (
    merchant TEXT NOT NULL,
    id       BLOB NOT NULL CHECK (length(id) = 16),
    order_id BLOB NOT NULL CHECK (length(order_id) = 16),
    status   TEXT NOT NULL CHECK (length(status) BETWEEN 1 AND 64),
    PRIMARY KEY (merchant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE returns (
    merchant TEXT NOT NULL,
    id       BLOB NOT NULL CHECK (length(id) = 16),
    order_id BLOB NOT NULL CHECK (length(order_id) = 16),
    status   TEXT NOT NULL CHECK (length(status) BETWEEN 1 AND 64),
    PRIMARY KEY (merchant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE refunds (
    merchant     TEXT    NOT NULL,
    id           BLOB    NOT NULL CHECK (length(id) = 16),
    payment_id   BLOB    NOT NULL CHECK (length(payment_id) = 16),
    order_id     BLOB             CHECK (length(order_id) = 16),
    status       TEXT    NOT NULL CHECK (length(status) BETWEEN 1 AND 64),
    amount_minor INTEGER NOT NULL,
    currency     TEXT    NOT NULL CHECK (length(currency) = 3),
    PRIMARY KEY (merchant, id, payment_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE personal (
    merchant  TEXT NOT NULL,
    reference BLOB NOT NULL CHECK (length(reference) = 16),
    customer  TEXT,
    order_id  BLOB          CHECK (length(order_id) = 16),
    body      BLOB NOT NULL CHECK (length(body) <= 65536),
    PRIMARY KEY (merchant, reference)
) STRICT, WITHOUT ROWID;
CREATE INDEX personal_by_customer ON personal (merchant, customer) WHERE customer IS NOT NULL;

CREATE TABLE consumers (
    consumer     TEXT    NOT NULL CHECK (length(consumer) BETWEEN 1 AND 64),
    shard        INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 65535),
    position     INTEGER NOT NULL CHECK (position >= 0),
    epoch        INTEGER NOT NULL CHECK (epoch >= 0),
    revision     INTEGER NOT NULL CHECK (revision >= 0),
    lease_worker BLOB             CHECK (length(lease_worker) = 16),
    lease_until  INTEGER,
    PRIMARY KEY (consumer, shard),
    CHECK ((lease_worker IS NULL) = (lease_until IS NULL))
) STRICT, WITHOUT ROWID;

-- Items of the feed that a consumer could not take; all of one key are replaying, or none is.
CREATE TABLE parked (
    consumer  TEXT    NOT NULL,
    shard     INTEGER NOT NULL,
    position  INTEGER NOT NULL CHECK (position >= 1),
    merchant  TEXT    NOT NULL,
    key       TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    replaying INTEGER NOT NULL CHECK (replaying IN (0, 1)),
    failures  INTEGER NOT NULL CHECK (failures >= 0),
    error     TEXT             CHECK (length(error) <= 1000),
    parked_at INTEGER NOT NULL,
    PRIMARY KEY (consumer, shard, position),
    FOREIGN KEY (consumer, shard) REFERENCES consumers (consumer, shard)
) STRICT, WITHOUT ROWID;
CREATE INDEX parked_by_key ON parked (consumer, shard, merchant, key);

CREATE TABLE carts (
    merchant   TEXT    NOT NULL,
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    revision   INTEGER NOT NULL CHECK (revision >= 1),
    customer   TEXT,
    currency   TEXT    NOT NULL CHECK (length(currency) = 3),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (merchant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX carts_by_expiry ON carts (expires_at);

CREATE TABLE cart_lines (
    merchant TEXT    NOT NULL,
    cart     BLOB    NOT NULL,
    line     INTEGER NOT NULL CHECK (line BETWEEN 1 AND 500),
    sku      TEXT    NOT NULL,
    qty      INTEGER NOT NULL CHECK (qty BETWEEN 1 AND 1000000000),
    PRIMARY KEY (merchant, cart, line),
    FOREIGN KEY (merchant, cart) REFERENCES carts (merchant, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE items (
    merchant   TEXT    NOT NULL,
    sku        TEXT    NOT NULL,
    title      TEXT    NOT NULL CHECK (length(title) BETWEEN 1 AND 256),
    kind       TEXT    NOT NULL CHECK (kind = 'stocked' OR kind = 'unstocked' OR kind = 'digital'),
    active     INTEGER NOT NULL CHECK (active IN (0, 1)),
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (merchant, sku)
) STRICT, WITHOUT ROWID;

CREATE TABLE item_prices (
    merchant TEXT    NOT NULL,
    sku      TEXT    NOT NULL,
    currency TEXT    NOT NULL CHECK (length(currency) = 3),
    minor    INTEGER NOT NULL CHECK (minor >= 0),
    PRIMARY KEY (merchant, sku, currency),
    FOREIGN KEY (merchant, sku) REFERENCES items (merchant, sku) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
