package stream

import (
	"context"
	"fmt"
)

// Count returns how many records the entries hold whose number is at least from,
// as far as the log reaches now. It reads them all, so it is for starts and not
// for every second.
func (l *Log) Count(ctx context.Context, from uint64) (int64, error) {
	st, err := l.State(ctx)
	if err != nil || st.Entries == 0 || from > st.Last {
		return 0, err
	}
	r, err := l.Reader(ctx, from)
	if err != nil {
		return 0, fmt.Errorf("counting the records of %s: %w", l.opts.Name, err)
	}
	defer r.Close()
	var n int64
	for {
		e, err := r.Next(ctx)
		if err != nil {
			return 0, fmt.Errorf("counting the records of %s: %w", l.opts.Name, err)
		}
		if e.Seq > st.Last { // the last one of then was deleted meanwhile
			return n, nil
		}
		if n += int64(e.Count); e.Seq == st.Last {
			return n, nil
		}
	}
}
