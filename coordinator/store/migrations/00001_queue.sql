-- The state of the queue. Types, expressions and partial indexes are those that
-- SQLite and PostgreSQL share. Times and durations are microseconds; a time of 0
-- is none. There are no foreign keys: the rules keep the references, and the
-- conformance suite checks them.

-- +goose Up

-- The live sweeps, each by its newest revision.
CREATE TABLE sweeps (
    id           TEXT   NOT NULL PRIMARY KEY,
    name         TEXT   NOT NULL,
    revision     BIGINT NOT NULL,
    grid         BYTEA  NOT NULL,
    numerics     BIGINT NOT NULL,
    kernel_class TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    turn         BIGINT NOT NULL,
    plan         TEXT   NOT NULL,
    digest       TEXT   NOT NULL -- of the plan
);
CREATE INDEX sweeps_plan ON sweeps (plan);

-- Plans that no sweep has: they are being written or taken away.
CREATE TABLE drafts (
    plan    TEXT   NOT NULL PRIMARY KEY,
    touched BIGINT NOT NULL
);

-- What the tasks are. configuration is in canonical form.
CREATE TABLE tasks (
    id            TEXT   NOT NULL PRIMARY KEY,
    configuration TEXT   NOT NULL,
    recording     TEXT   NOT NULL,
    cost          BIGINT NOT NULL
);

-- What changes during a task's life.
CREATE TABLE records (
    task       TEXT    NOT NULL PRIMARY KEY,
    phase      TEXT    NOT NULL,
    attempt    BIGINT  NOT NULL,
    pardoned   BIGINT  NOT NULL,
    alone      BOOLEAN NOT NULL,
    not_before BIGINT  NOT NULL,
    accepted   TEXT    NOT NULL,
    compute    BIGINT  NOT NULL,
    verifying  BOOLEAN NOT NULL,
    reason     TEXT    NOT NULL
);
CREATE INDEX records_due ON records (not_before) WHERE phase = 'backing_off';

-- Which plan has which task, and where. phase and alone repeat the
-- record's, so that the next tasks of a sweep come first in an index.
CREATE TABLE planned (
    plan     TEXT    NOT NULL,
    task     TEXT    NOT NULL,
    configuration_index BIGINT  NOT NULL,
    line     BIGINT  NOT NULL,
    position BIGINT  NOT NULL,
    cost     BIGINT  NOT NULL,
    phase    TEXT    NOT NULL,
    alone    BOOLEAN NOT NULL,
    PRIMARY KEY (plan, task)
);
CREATE INDEX planned_task ON planned (task);
CREATE INDEX planned_line ON planned (plan, line);
CREATE INDEX planned_next ON planned (plan, phase, position, line, alone);

-- Sums of planned, by plan and phase; arrivals count those that ever came into
-- the phase. They come in shards, so that transactions
-- which run at once need not wait for each other; a shard may be negative.
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

-- Every grant there ever was. Those without an outcome are live.
CREATE TABLE attempts (
    task       TEXT    NOT NULL,
    attempt    BIGINT  NOT NULL,
    process    TEXT    NOT NULL,
    host       TEXT    NOT NULL,
    kernel     TEXT    NOT NULL,
    granted_at BIGINT  NOT NULL,
    ended_at   BIGINT  NOT NULL,
    resumed    BIGINT  NOT NULL,
    started    BOOLEAN NOT NULL,
    step       BIGINT  NOT NULL,
    saved      BIGINT  NOT NULL,
    outcome    TEXT    NOT NULL,
    alone      BOOLEAN NOT NULL,
    excused    BOOLEAN NOT NULL,
    reason     TEXT    NOT NULL,
    log        TEXT    NOT NULL,
    digest     TEXT    NOT NULL,
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
    unheard      BOOLEAN NOT NULL,
    leaving      BOOLEAN NOT NULL
);
CREATE INDEX processes_present ON processes (deadline) WHERE deadline > 0;

-- When a coordinator last ticked, in one row.
CREATE TABLE ticks (
    id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
);

-- The results, by their digest: equal ones are kept once. What tables show of
-- them stands apart, so that a table need not read them.
CREATE TABLE results (
    task   TEXT  NOT NULL,
    digest TEXT  NOT NULL,
    body   BYTEA NOT NULL,
    PRIMARY KEY (task, digest)
);

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

-- +goose Down

DROP TABLE recordings;
DROP TABLE checkpoints;
DROP TABLE measures;
DROP TABLE results;
DROP TABLE ticks;
DROP TABLE processes;
DROP TABLE attempts;
DROP TABLE tallies;
DROP TABLE planned;
DROP TABLE records;
DROP TABLE tasks;
DROP TABLE drafts;
DROP TABLE sweeps;
