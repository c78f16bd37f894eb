package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver that the store uses
)

// bareTables are the tables that the lease and completion of a task write. Each has
// the column task.
var bareTables = []string{"records", "planned", "attempts", "results", "measures"}

// bareWriter copies rows from the store of a run to a new file, and measures only the
// time of writing.
type bareWriter struct {
	from, to *sql.DB
	batch    int // tasks in each commit
	spent    time.Duration
}

// bareRate copies the rows of at most the given number of tasks, and returns the rate
// in tasks a second.
func bareRate(ctx context.Context, store, folder string, batch, tasks int) (rate float64, err error) {
	from, err := openBare(store, "_query_only=1")
	if err != nil {
		return 0, err
	}
	defer from.Close()
	to, err := openBare(filepath.Join(folder, "bare.db"), "_journal_mode=WAL", "_synchronous=FULL", "_pragma=cache_size(-65536)", "_pragma=locking_mode(EXCLUSIVE)")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	w := &bareWriter{from: from, to: to, batch: batch}
	if err := w.schema(ctx); err != nil {
		return 0, fmt.Errorf("bare writer: copy the schema: %w", err)
	}
	written, last := 0, int64(0)
	for written < tasks {
		page, err := w.tasks(ctx, last)
		if err != nil {
			return 0, fmt.Errorf("bare writer: list tasks: %w", err)
		}
		if len(page) == 0 {
			break
		}
		if err := w.copy(ctx, page); err != nil {
			return 0, fmt.Errorf("bare writer: %w", err)
		}
		written += len(page)
		last = page[len(page)-1]
	}
	return float64(written) / w.spent.Seconds(), nil
}

// openBare opens a database file with one connection.
func openBare(path string, options ...string) (*sql.DB, error) {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: strings.Join(options, "&")}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("bare writer: open %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

func (w *bareWriter) schema(ctx context.Context) error {
	for _, table := range bareTables {
		statements, err := queryAll[string](ctx, w.from,
			`SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC`, table)
		if err != nil {
			return err
		}
		if len(statements) == 0 {
			return fmt.Errorf("the store has no table %s", table)
		}
		for _, statement := range statements {
			if _, err := w.to.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
	}
	return nil
}

// tasks returns the next batch of tasks, in the order of their keys, and so of their grants.
func (w *bareWriter) tasks(ctx context.Context, after int64) ([]int64, error) {
	return queryAll[int64](ctx, w.from, `SELECT task FROM records WHERE phase = 'done' AND task > ? ORDER BY task LIMIT ?`, after, w.batch)
}

func queryAll[T any](ctx context.Context, db *sql.DB, query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var value T
		if err := rows.Scan(&value); err != nil {
			return nil, err
		}
		all = append(all, value)
	}
	return all, rows.Err()
}

// copy copies the rows of some tasks in one commit.
func (w *bareWriter) copy(ctx context.Context, tasks []int64) error {
	rows := map[string][][]any{}
	for _, table := range bareTables {
		for _, task := range tasks {
			found, err := w.read(ctx, table, task)
			if err != nil {
				return fmt.Errorf("read %s: %w", table, err)
			}
			rows[table] = append(rows[table], found...)
		}
	}
	began := time.Now()
	defer func() { w.spent += time.Since(began) }()
	tx, err := w.to.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after the commit it does nothing
	for _, table := range bareTables {
		if err := insert(ctx, tx, table, rows[table]); err != nil {
			return fmt.Errorf("write %s: %w", table, err)
		}
	}
	return tx.Commit()
}

func (w *bareWriter) read(ctx context.Context, table string, task int64) ([][]any, error) {
	rows, err := w.from.QueryContext(ctx, `SELECT * FROM `+table+` WHERE task = ?`, task)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var all [][]any
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		all = append(all, values)
	}
	return all, rows.Err()
}

func insert(ctx context.Context, tx *sql.Tx, table string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(rows[0])), ", ")
	statement, err := tx.PrepareContext(ctx, `INSERT INTO `+table+` VALUES (`+marks+`)`)
	if err != nil {
		return err
	}
	defer statement.Close()
	for _, row := range rows {
		if _, err := statement.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return nil
}
