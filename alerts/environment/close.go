package environment

import (
	"time"

	"phusong/alerts/airquality"
)

// close closes the hours that have ended, of a bounded number of stations at a time.
func (b *Book) close() {
	last := hourOf(b.now.Add(-Settle)) - 1
	if last > b.closing {
		b.closing, b.cursor = last, 0
	}
	all := b.sorted()
	if b.cursor >= len(all) {
		return
	}
	for done := 0; b.cursor < len(all) && done < closingsAtOnce; b.cursor++ {
		s := all[b.cursor]
		switch {
		case s.closedTo >= b.closing:
			continue
		case s.heard.IsZero():
			s.closedTo = b.closing
			continue
		}
		done++
		b.touch(s)
		// Hours that have left the window are not closed any more: nobody asks for them.
		for n := max(s.closedTo, b.closing-windowHours+1) + 1; n <= b.closing; n++ {
			b.closeHour(s, n)
		}
	}
}

// besideHours is how far from its own hour a reading can be among those around another.
const besideHours = int64((within + time.Hour - 1) / time.Hour)

// closeHour judges an hour of a station for the first time, and again what the readings
// of this hour said about those before it.
func (b *Book) closeHour(s *station, n int64) {
	s.closedTo = n
	s.identity.hourPassed()
	if h := s.own(n); h != nil {
		b.judge(s, n)
		h.published = true
		b.compare(s, h)
	}
	b.suspicion(s, n)
	b.publish(s, n)
	b.beside(s, n, -1)
	s.hourFacts(n, b.options.Noise)
}

// publish gives an hour that is closed its index. An hour without a reading has one when
// those before it suffice.
func (b *Book) publish(s *station, n int64) {
	h := s.own(n)
	if h == nil {
		if s.index(n) < 0 {
			return
		}
		h = s.make(n)
	}
	for q := range s.suspects {
		if p := &s.suspects[q]; p.flag != 0 && p.since <= n {
			h.barred[q] = p.flag
		}
	}
	h.aqi, h.published = s.index(n), true
}

// judge judges an hour by itself and, for its excursions, with its neighbours.
func (b *Book) judge(s *station, n int64) {
	h := s.own(n)
	s.judge(h, 0, &b.scratch)
	if h.leaps != 0 {
		if seen := b.seen(s, n); seen != 0 {
			s.judge(h, seen, &b.scratch)
		}
	}
	for _, other := range s.listeners {
		if o := other.hour(n); o != nil && o.published && !o.dirty && o.leaps != 0 && b.seen(other, n) != o.believed {
			other.own(n).dirty, other.overdue = true, true // its neighbour now sees, or does not see, what it saw
			b.again = append(b.again, other)
		}
	}
}

// beside judges the closed hours before n again, or after it with by 1, that its readings
// have a say in: those within reach of an excursion, and all that a repetition runs through.
func (b *Book) beside(s *station, n, by int64) {
	for m, left := n+by, besideHours; left > 0; m, left = m+by, left-1 {
		h := s.own(m)
		if h == nil || !h.published {
			continue
		}
		edge := &h.stuckFirst
		if by > 0 {
			edge = &h.stuckLast
		}
		before := *edge
		b.judge(s, m)
		b.revise(s, m)
		if before || *edge {
			left = max(left, int64(repeatGap/time.Hour)+2)
		}
	}
}

// correct judges closed hours again that late readings have changed.
func (b *Book) correct() {
	for _, s := range b.touched {
		b.correctStation(s)
	}
	// What a neighbour sees depends on its own readings only, so this comes to an end.
	for len(b.again) > 0 {
		s := b.again[len(b.again)-1]
		b.again = b.again[:len(b.again)-1]
		b.touch(s)
		b.correctStation(s)
	}
}

func (b *Book) correctStation(s *station) {
	if !s.overdue {
		return
	}
	s.overdue = false
	for n := max(hourOf(b.now)-windowHours, s.closedTo-windowHours) + 1; n <= s.closedTo; n++ {
		if h := s.hour(n); h == nil || !h.dirty {
			continue
		}
		h := s.own(n)
		b.judge(s, n)
		if !h.published {
			h.published = true // nothing had been heard in it when it was closed
			for q := range s.suspects {
				if p := &s.suspects[q]; p.flag != 0 && p.since <= n {
					h.barred[q] = p.flag
				}
			}
		}
		b.revise(s, n)
		b.beside(s, n, -1)
		b.beside(s, n, 1)
	}
}

// revise brings the indices up to date that hour n is part of. The facts stay: a late
// reading never raises or clears an alert.
func (b *Book) revise(s *station, n int64) {
	for m := n; m < n+airquality.NowCastHours && m <= s.closedTo; m++ {
		now := s.index(m)
		h := s.hour(m)
		if h == nil {
			if now < 0 {
				continue
			}
			h = s.make(m)
		}
		if h.published && now == h.aqi {
			continue
		}
		h = s.own(m)
		if h.published = true; now == h.aqi {
			continue
		}
		if !h.corrected {
			h.was, h.corrected = h.aqi, true
		}
		h.aqi, h.changed = now, b.now
		b.counters.Corrections++
	}
}
