package folder

import (
	"errors"
	"sync"

	"spiqsweep/sweep/table"
)

// pageRows is how many rows are handed over at once, pagesAhead how many such
// pages a reader may be behind.
const (
	pageRows   = 64
	pagesAhead = 4
)

// page is some rows, or the error that ended them.
type page struct {
	rows []table.Row
	err  error
}

// fanOut reads rows once for several readers, each in a goroutine of its own. An
// error of the rows is that of all readers; one of a reader is its own. It waits
// for all of them, and returns the error of the rows, or else joins those of the readers.
func fanOut(rows table.Rows, readers ...func(table.Rows) error) error {
	feeds := make([]chan page, len(readers))
	faults := make([]error, len(readers))
	var reading sync.WaitGroup
	for i, read := range readers {
		feeds[i] = make(chan page, pagesAhead)
		reading.Go(func() {
			faults[i] = recovering(func() error { return read(pages(feeds[i])) })
			for range feeds[i] { // what it left is nobody's
			}
		})
	}
	hand := func(p page) {
		for _, feed := range feeds {
			feed <- p
		}
	}
	next := page{}
	for row, err := range rows {
		if err != nil {
			next.err = &unreadError{err}
			break
		}
		if next.rows = append(next.rows, row); len(next.rows) == pageRows {
			hand(next)
			next = page{rows: make([]table.Row, 0, pageRows)}
		}
	}
	hand(next)
	for _, feed := range feeds {
		close(feed)
	}
	reading.Wait()
	if next.err != nil {
		return next.err
	}
	return errors.Join(faults...)
}

// pages turns a feed into rows again.
func pages(feed <-chan page) table.Rows {
	return func(yield func(table.Row, error) bool) {
		for p := range feed {
			for _, row := range p.rows {
				if !yield(row, nil) {
					return
				}
			}
			if p.err != nil {
				yield(table.Row{}, p.err)
				return
			}
		}
	}
}
