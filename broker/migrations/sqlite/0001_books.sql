-- Orders, as this broker was told of them. "due" is when one needs looking at; never, once it is
-- taken or ended.
CREATE TABLE jobs (
    task BLOB NOT NULL PRIMARY KEY,
    customer BLOB NOT NULL,
    submission BLOB NOT NULL,
    since BIGINT NOT NULL,
    stage TEXT NOT NULL,
    let_down_by TEXT NOT NULL,
    due BIGINT,
    claimed_until BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX jobs_by_customer ON jobs (customer, task);
CREATE INDEX jobs_due ON jobs (due) WHERE due IS NOT NULL;

-- Nodes, and the fence of each one's latest session.
CREATE TABLE nodes (
    provider BLOB NOT NULL PRIMARY KEY,
    offer BLOB NOT NULL,
    judgement BLOB NOT NULL,
    endpoint TEXT,
    fence BIGINT NOT NULL,
    beat BIGINT NOT NULL,
    seen BIGINT NOT NULL
);
CREATE INDEX nodes_by_life ON nodes (seen);

-- The public ledger, line by line, and how far it has come.
CREATE TABLE ledger (
    place BIGINT NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL,
    entry TEXT NOT NULL
);
CREATE TABLE ledger_head (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    count BIGINT NOT NULL,
    hash BLOB NOT NULL
);
INSERT INTO ledger_head (one, count, hash) VALUES (1, 0, zeroblob(32));
