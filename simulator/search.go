package simulator

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A RateSearch says how to look for the highest rate that is sustained.
type RateSearch struct {
	// From is the first rate to try, in messages a second. 0 is 500.
	From float64
	// Each is how long a rate is tried. 0 is ten seconds.
	Each time.Duration
	// Within is what the 99th percentile of the acknowledgements may not exceed. 0 is one second.
	Within time.Duration
	// Settled, if given, is asked after each run whether the server behind the broker
	// kept up: false when it fell behind or lost something.
	Settled func(ctx context.Context, r LoadResult) (bool, error)
	// Tried, if given, is told of each run.
	Tried func(r LoadResult, sustained bool)
}

// precision is how close the answer comes to the limit.
const precision = 0.05

// highestRate ends a search against something that has no limit.
const highestRate = 10_000_000

// Search doubles the rate until it is not sustained and then closes in on the limit.
// It returns the best run that was sustained.
func (l *Load) Search(ctx context.Context, s RateSearch) (LoadResult, error) {
	if s.From == 0 {
		s.From = 500
	}
	if s.Each == 0 {
		s.Each = 10 * time.Second
	}
	if s.Within == 0 {
		s.Within = time.Second
	}
	if s.From < 1 || s.Each < 0 || s.Within < 0 {
		return LoadResult{}, errors.New("simulator: RateSearch.From, Each and Within must be positive")
	}
	var best LoadResult
	low, high := 0.0, 0.0 // sustained, and not
	for rate := s.From; ; {
		r, ok, err := l.try(ctx, &s, rate)
		if err != nil {
			return best, err
		}
		if ok {
			low, best = rate, r
		} else {
			high = rate
		}
		switch {
		case high == 0:
			rate *= 2
		case high-low <= precision*high || high < 2:
			if low == 0 {
				return best, fmt.Errorf("simulator: not even %.0f messages a second are sustained", high)
			}
			return best, nil
		default:
			rate = (low + high) / 2
		}
		if rate > highestRate {
			return best, nil
		}
	}
}

func (l *Load) try(ctx context.Context, s *RateSearch, rate float64) (r LoadResult, sustained bool, err error) {
	if r, err = l.Run(ctx, rate, s.Each); err != nil {
		return r, false, err
	}
	sustained = r.Failed == 0 && r.P99 <= s.Within && r.Achieved >= (1-precision)*rate
	if sustained && s.Settled != nil {
		if sustained, err = s.Settled(ctx, r); err != nil {
			return r, false, fmt.Errorf("asking whether the server kept up: %w", err)
		}
	}
	if s.Tried != nil {
		s.Tried(r, sustained)
	}
	return r, sustained, nil
}
