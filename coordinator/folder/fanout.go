package folder

import (
	"errors"
	"sync"

	"spiqsweep/sweep/table"
)

// pageRows is the number of rows in a page. A reader may be pagesAhead pages behind.
const (
	pageRows   = 64
	pagesAhead = 4
)

// page holds rows, or the error that ended them.
type page struct {
	rows []table.Row
	err  error
}

// fanOut reads rows once and passes them to several readers, each in its own goroutine.
// It waits for all readers. It returns the error of the rows, which all readers get, else
// the joined errors of the readers.
func fanOut(rows table.Rows, readers ...func(table.Rows) error) error {
	feeds := make([]chan page, len(readers))
	faults := make([]error, len(readers))
	var reading sync.WaitGroup
	for i, read := range readers {
		feeds[i] = make(chan page, pagesAhead)
		reading.Go(func() {
			faults[i] = recovering(func() error { return read(pages(feeds[i])) })
			for range feeds[i] { // drop the rows that it left
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

// pages returns the rows of a feed.
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
