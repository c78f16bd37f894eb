package queue

import (
	"context"
	"fmt"
)

// PutRecording stores the bits that tasks train on, by their digest. The same
// digest once more changes nothing. Errors: ErrUnavailable.
func (q *Queue) PutRecording(ctx context.Context, digest string, body []byte) error {
	err := q.share(ctx, "", nil, func(c *call) error { return c.tx.PutRecording(digest, body) })
	if err != nil {
		return fmt.Errorf("store recording %s: %w", digest, err)
	}
	return nil
}

// Recording returns what PutRecording stored. Errors: ErrUnknown, ErrUnavailable.
func (q *Queue) Recording(ctx context.Context, digest string) ([]byte, error) {
	var body []byte
	err := q.view(ctx, func(c *call) error {
		stored, found, err := c.tx.Recording(digest)
		if err == nil && !found {
			err = ErrUnknown
		}
		body = stored
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("fetch recording %.100q: %w", digest, err)
	}
	return body, nil
}
