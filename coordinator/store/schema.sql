-- The first version of the schema; keys.sql has the present tables of tasks. Types, expressions
-- and partial indexes are those that SQLite and PostgreSQL share. Times and durations are in
-- microseconds; a time of 0 means none. There are no foreign keys: the rules of package queue
-- keep the references, and its tests check them.

-- The sweeps, each in its newest revision.
CREATE TABLE sweeps (
    id           TEXT   NOT NULL PRIMARY KEY,
    name         TEXT   NOT NULL,
    revision     BIGINT NOT NULL,
    grid         BYTEA  NOT NULL,
    numerics     BIGINT NOT NULL,
    kernel_class TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    turn         BIGINT NOT NULL, -- the sweep with the smallest is served next
    plan         TEXT   NOT NULL,
    digest       TEXT   NOT NULL  -- of the plan
);
CREATE INDEX sweeps_plan ON sweeps (plan);

-- Plans that belong to no sweep, because they are being written or deleted.
CREATE TABLE drafts (
    plan    TEXT   NOT NULL PRIMARY KEY,
    touched BIGINT NOT NULL
);

-- The immutable part of a task. The configuration is in canonical form.
CREATE TABLE tasks (
    id            TEXT   NOT NULL PRIMARY KEY,
    configuration TEXT   NOT NULL,
    recording     TEXT   NOT NULL,
    cost          BIGINT NOT NULL
);

-- The mutable part of a task.
CREATE TABLE records (
    task       TEXT    NOT NULL PRIMARY KEY,
    phase      TEXT    NOT NULL,
    attempt    BIGINT  NOT NULL, -- the newest
    pardoned   BIGINT  NOT NULL, -- the last attempt that blame ignores
    exclusive  BOOLEAN NOT NULL,
    not_before BIGINT  NOT NULL,
    accepted   TEXT    NOT NULL, -- digest of the accepted result
    compute    BIGINT  NOT NULL,
    verifying  BOOLEAN NOT NULL,
    reason     TEXT    NOT NULL
);
CREATE INDEX records_due ON records (not_before) WHERE phase = 'backing_off';

-- The tasks of each plan. phase and exclusive repeat the record's, so that an index can
-- list the next tasks of a plan.
CREATE TABLE planned (
    plan                TEXT    NOT NULL,
    task                TEXT    NOT NULL,
    configuration_index BIGINT  NOT NULL,
    csv_row             BIGINT  NOT NULL,
    execution_order     BIGINT  NOT NULL,
    cost                BIGINT  NOT NULL,
    phase               TEXT    NOT NULL,
    exclusive           BOOLEAN NOT NULL,
    PRIMARY KEY (plan, task)
);
CREATE INDEX planned_task ON planned (task);
CREATE INDEX planned_row ON planned (plan, csv_row);
CREATE INDEX planned_next ON planned (plan, phase, execution_order, csv_row, exclusive);

-- Sums over planned by plan and phase. arrivals counts how often tasks have entered the
-- phase. The sums are split into shards so that concurrent transactions need not wait for
-- each other; a shard may be negative.
CREATE TABLE tallies (
    plan      TEXT   NOT NULL,
    phase     TEXT   NOT NULL,
    shard     BIGINT NOT NULL,
    tasks     BIGINT NOT NULL,
    cost      BIGINT NOT NULL,
    compute   BIGINT NOT NULL,
    verifying BIGINT NOT NULL,
    arrivals  BIGINT NOT NULL,
    PRIMARY KEY (plan, phase, shard)
);

-- Every grant of a task to a process. Those without an outcome are live.
CREATE TABLE attempts (
    task       TEXT    NOT NULL,
    attempt    BIGINT  NOT NULL,
    process    TEXT    NOT NULL,
    host       TEXT    NOT NULL,
    kernel     TEXT    NOT NULL,
    granted_at BIGINT  NOT NULL,
    ended_at   BIGINT  NOT NULL,
    from_step  BIGINT  NOT NULL, -- of the checkpoint at the grant
    started    BOOLEAN NOT NULL,
    step       BIGINT  NOT NULL, -- the last one reported
    saved_step BIGINT  NOT NULL, -- of the checkpoint when the attempt was lost
    outcome    TEXT    NOT NULL,
    sole_task  BOOLEAN NOT NULL,
    excused    BOOLEAN NOT NULL,
    reason     TEXT    NOT NULL,
    log        TEXT    NOT NULL,
    digest     TEXT    NOT NULL, -- of the reported result
    compute    BIGINT  NOT NULL,
    PRIMARY KEY (task, attempt)
);
CREATE INDEX attempts_live ON attempts (process) WHERE outcome = '';

-- The runs of the worker program. Those with a deadline are present.
CREATE TABLE processes (
    id           TEXT    NOT NULL PRIMARY KEY,
    host         TEXT    NOT NULL,
    version      TEXT    NOT NULL,
    numerics     BIGINT  NOT NULL,
    kernel_class TEXT    NOT NULL,
    kernel       TEXT    NOT NULL,
    slots        BIGINT  NOT NULL,
    sequence     BIGINT  NOT NULL,
    first_seen   BIGINT  NOT NULL,
    last_seen    BIGINT  NOT NULL,
    deadline     BIGINT  NOT NULL,
    excuse_loss  BOOLEAN NOT NULL,
    leaving      BOOLEAN NOT NULL
);
CREATE INDEX processes_present ON processes (deadline) WHERE deadline > 0;

-- The time of the last tick of any coordinator, in one row.
CREATE TABLE ticks (
    id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
);

-- The reported results by their digest; equal ones are stored once.
CREATE TABLE results (
    task   TEXT  NOT NULL,
    digest TEXT  NOT NULL,
    body   BYTEA NOT NULL,
    PRIMARY KEY (task, digest)
);

-- The table values of each result, apart from it, so that a table need not read results.
CREATE TABLE measures (
    task   TEXT  NOT NULL,
    digest TEXT  NOT NULL,
    body   BYTEA NOT NULL,
    PRIMARY KEY (task, digest)
);

CREATE TABLE checkpoints (
    task TEXT   NOT NULL PRIMARY KEY,
    step BIGINT NOT NULL,
    body BYTEA  NOT NULL
);

CREATE TABLE recordings (
    digest TEXT  NOT NULL PRIMARY KEY,
    body   BYTEA NOT NULL
);
