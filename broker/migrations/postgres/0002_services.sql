-- Who has an order, what customers were told of it, and the word of one who wants it no more.
ALTER TABLE jobs ADD COLUMN holder BYTEA;
ALTER TABLE jobs ADD COLUMN ended BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN status BYTEA;
ALTER TABLE jobs ADD COLUMN heard BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN cancel BYTEA;
CREATE INDEX jobs_by_holder ON jobs (holder) WHERE holder IS NOT NULL;
CREATE INDEX jobs_open ON jobs (customer) WHERE ended = 0;

-- The latest events of each task, in the order in which they were told.
CREATE TABLE events (
    task BYTEA NOT NULL,
    sequence BIGINT NOT NULL,
    event BYTEA NOT NULL,
    PRIMARY KEY (task, sequence)
);

-- How a node's orders ended, how much it has to do, and why it is given nothing.
ALTER TABLE nodes ADD COLUMN paid BIGINT NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN failed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN tasks_open BIGINT NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN quarantined TEXT;

-- Room set aside for blobs, by who brought them.
CREATE TABLE blobs (
    root BYTEA NOT NULL PRIMARY KEY,
    customer BYTEA NOT NULL,
    size_bytes BIGINT NOT NULL,
    since BIGINT NOT NULL
);
CREATE INDEX blobs_by_customer ON blobs (customer);
CREATE INDEX blobs_by_age ON blobs (since);
