-- Version 4, after keys.sql: the rows of the old tables are copied into the new ones.

INSERT INTO records
SELECT ROW_NUMBER() OVER (ORDER BY (SELECT MIN(p.execution_order) FROM old_planned p WHERE p.task = r.task), r.task),
    r.task, r.phase, r.attempt, r.pardoned, r.exclusive, r.not_before, r.accepted, r.compute, r.verifying, r.reason,
    COALESCE(c.step, 0)
FROM old_records r LEFT JOIN old_checkpoints c ON c.task = r.task;
INSERT INTO tasks
SELECT r.task, t.configuration, t.recording, t.cost FROM old_tasks t JOIN records r ON r.id = t.id ORDER BY r.task;
INSERT INTO planned
SELECT p.plan, r.task, p.configuration_index, p.csv_row, p.execution_order, p.cost,
    CASE WHEN p.phase IN ('waiting', 'failed', 'diverged') THEN p.phase ELSE '' END, p.exclusive
FROM old_planned p JOIN records r ON r.id = p.task ORDER BY r.task;
INSERT INTO attempts
SELECT r.task, a.attempt, a.process, a.host, a.kernel, a.granted_at, a.ended_at, a.from_step, a.started, a.step, a.saved_step,
    a.outcome, a.sole_task, a.excused, a.reason, a.log, a.digest, a.compute
FROM old_attempts a JOIN records r ON r.id = a.task ORDER BY r.task, a.attempt;
INSERT INTO results
SELECT r.task, o.digest, o.body FROM old_results o JOIN records r ON r.id = o.task ORDER BY r.task, o.digest;
INSERT INTO measures
SELECT r.task, o.digest, o.body FROM old_measures o JOIN records r ON r.id = o.task ORDER BY r.task, o.digest;
INSERT INTO checkpoints SELECT r.task, c.body FROM old_checkpoints c JOIN records r ON r.id = c.task ORDER BY r.task;

DROP TABLE old_tasks;
DROP TABLE old_records;
DROP TABLE old_planned;
DROP TABLE old_attempts;
DROP TABLE old_results;
DROP TABLE old_measures;
DROP TABLE old_checkpoints;
