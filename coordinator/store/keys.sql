-- Version 4: tasks have integer keys, which all other tables repeat in place of the IDs. The
-- keys follow the order of execution as far as possible, so that tasks that run at the same
-- time are neighbours in every table. keys_rows.sql copies the rows.

-- The index planned_task stays with its table, because keys_rows.sql searches by it.
DROP INDEX records_due;
DROP INDEX planned_row;
DROP INDEX planned_next;
DROP INDEX attempts_live;
ALTER TABLE tasks RENAME TO old_tasks;
ALTER TABLE records RENAME TO old_records;
ALTER TABLE planned RENAME TO old_planned;
ALTER TABLE attempts RENAME TO old_attempts;
ALTER TABLE results RENAME TO old_results;
ALTER TABLE measures RENAME TO old_measures;
ALTER TABLE checkpoints RENAME TO old_checkpoints;

-- The mutable part of a task. Every task has a record.
CREATE TABLE records (
    task       INTEGER PRIMARY KEY, -- the key of the task
    id         TEXT    NOT NULL UNIQUE,
    phase      TEXT    NOT NULL,
    attempt    BIGINT  NOT NULL, -- the newest
    pardoned   BIGINT  NOT NULL, -- the last attempt that blame ignores
    exclusive  BOOLEAN NOT NULL,
    not_before BIGINT  NOT NULL,
    accepted   TEXT    NOT NULL, -- digest of the accepted result
    compute    BIGINT  NOT NULL,
    verifying  BOOLEAN NOT NULL,
    reason     TEXT    NOT NULL,
    saved_step BIGINT  NOT NULL  -- of the checkpoint; 0 for none
);
CREATE INDEX records_due ON records (not_before) WHERE phase = 'backing_off';

-- The immutable part of a task. The configuration is in canonical form.
CREATE TABLE tasks (
    task          INTEGER PRIMARY KEY,
    configuration TEXT   NOT NULL,
    recording     TEXT   NOT NULL,
    cost          BIGINT NOT NULL
);

-- The tasks of each plan. listed repeats the record's phase if it is waiting, failed or
-- diverged, and is empty otherwise. exclusive repeats the record's. The partial index lists
-- those tasks, and the row changes only when a task enters or leaves one of these phases, or
-- when exclusive changes.
CREATE TABLE planned (
    plan                TEXT    NOT NULL,
    task                INTEGER NOT NULL,
    configuration_index BIGINT  NOT NULL,
    csv_row             BIGINT  NOT NULL,
    execution_order     BIGINT  NOT NULL,
    cost                BIGINT  NOT NULL,
    listed              TEXT    NOT NULL,
    exclusive           BOOLEAN NOT NULL,
    PRIMARY KEY (task, plan)
);
CREATE INDEX planned_row ON planned (plan, csv_row);
CREATE INDEX planned_next ON planned (plan, listed, execution_order, csv_row, exclusive) WHERE listed <> '';

-- Every grant of a task to a process. Those without an outcome are live.
CREATE TABLE attempts (
    task       INTEGER NOT NULL,
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

-- The reported results by their digest; equal ones are stored once.
CREATE TABLE results (
    task   INTEGER NOT NULL,
    digest TEXT    NOT NULL,
    body   BYTEA   NOT NULL,
    PRIMARY KEY (task, digest)
);

-- The table values of each result, apart from it, so that a table need not read results.
CREATE TABLE measures (
    task   INTEGER NOT NULL,
    digest TEXT    NOT NULL,
    body   BYTEA   NOT NULL,
    PRIMARY KEY (task, digest)
);

CREATE TABLE checkpoints (
    task INTEGER PRIMARY KEY,
    body BYTEA   NOT NULL
);
