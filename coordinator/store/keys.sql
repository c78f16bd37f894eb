-- Version 4: tasks have integer keys, which all other tables repeat in place of the IDs. The
-- keys follow the order of execution as far as possible, so that tasks that run at the same
-- time are neighbours in every table and index.

-- The index planned_task stays until the end, because the statements below search by it.
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
INSERT INTO records
SELECT ROW_NUMBER() OVER (ORDER BY (SELECT MIN(p.execution_order) FROM old_planned p WHERE p.task = r.task), r.task),
    r.task, r.phase, r.attempt, r.pardoned, r.exclusive, r.not_before, r.accepted, r.compute, r.verifying, r.reason,
    COALESCE(c.step, 0)
FROM old_records r LEFT JOIN old_checkpoints c ON c.task = r.task;
CREATE INDEX records_due ON records (not_before) WHERE phase = 'backing_off';

-- The immutable part of a task. The configuration is in canonical form.
CREATE TABLE tasks (
    task          INTEGER PRIMARY KEY,
    configuration TEXT   NOT NULL,
    recording     TEXT   NOT NULL,
    cost          BIGINT NOT NULL
);
INSERT INTO tasks
SELECT r.task, t.configuration, t.recording, t.cost FROM old_tasks t JOIN records r ON r.id = t.id ORDER BY r.task;

-- The tasks of each plan. listed is the phase of the record if that is waiting, failed or
-- diverged, and otherwise empty. exclusive repeats the record's. So an index can list such
-- tasks of a plan, and changes only once while a task runs and ends.
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
INSERT INTO planned
SELECT p.plan, r.task, p.configuration_index, p.csv_row, p.execution_order, p.cost,
    CASE WHEN p.phase IN ('waiting', 'failed', 'diverged') THEN p.phase ELSE '' END, p.exclusive
FROM old_planned p JOIN records r ON r.id = p.task ORDER BY r.task;
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
INSERT INTO attempts
SELECT r.task, a.attempt, a.process, a.host, a.kernel, a.granted_at, a.ended_at, a.from_step, a.started, a.step, a.saved_step,
    a.outcome, a.sole_task, a.excused, a.reason, a.log, a.digest, a.compute
FROM old_attempts a JOIN records r ON r.id = a.task ORDER BY r.task, a.attempt;
CREATE INDEX attempts_live ON attempts (process) WHERE outcome = '';

-- The reported results by their digest; equal ones are stored once.
CREATE TABLE results (
    task   INTEGER NOT NULL,
    digest TEXT    NOT NULL,
    body   BYTEA   NOT NULL,
    PRIMARY KEY (task, digest)
);
INSERT INTO results
SELECT r.task, o.digest, o.body FROM old_results o JOIN records r ON r.id = o.task ORDER BY r.task, o.digest;

-- The table values of each result, apart from it, so that a table need not read results.
CREATE TABLE measures (
    task   INTEGER NOT NULL,
    digest TEXT    NOT NULL,
    body   BYTEA   NOT NULL,
    PRIMARY KEY (task, digest)
);
INSERT INTO measures
SELECT r.task, o.digest, o.body FROM old_measures o JOIN records r ON r.id = o.task ORDER BY r.task, o.digest;

CREATE TABLE checkpoints (
    task INTEGER PRIMARY KEY,
    body BYTEA   NOT NULL
);
INSERT INTO checkpoints SELECT r.task, c.body FROM old_checkpoints c JOIN records r ON r.id = c.task ORDER BY r.task;

DROP TABLE old_tasks;
DROP TABLE old_records;
DROP TABLE old_planned;
DROP TABLE old_attempts;
DROP TABLE old_results;
DROP TABLE old_measures;
DROP TABLE old_checkpoints;
