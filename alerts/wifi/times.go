package wifi

import "time"

// Times says for how long of a month each thing was the case. Time before a site
// or access point was registered is in none of them.
type Times struct {
	Working     time.Duration `json:"working"`
	Partly      time.Duration `json:"partly"`
	Failed      time.Duration `json:"failed"`
	NoService   time.Duration `json:"no_service"`
	Unknown     time.Duration `json:"unknown"`
	Maintenance time.Duration `json:"maintenance"`
}

// Availability is the share of the known time outside maintenance in which there
// was service. It is false when no time is known.
func (t Times) Availability() (share float64, known bool) {
	up := t.Working + t.Partly
	all := up + t.Failed + t.NoService
	if all <= 0 {
		return 0, false
	}
	return float64(up) / float64(all), true
}

// Known is the share of the time outside maintenance of which something is known.
// An availability with a low share says little.
func (t Times) Known() float64 {
	known := t.Working + t.Partly + t.Failed + t.NoService
	if known+t.Unknown <= 0 {
		return 0
	}
	return float64(known) / float64(known+t.Unknown)
}

func (t *Times) add(o Times) {
	t.Working += o.Working
	t.Partly += o.Partly
	t.Failed += o.Failed
	t.NoService += o.NoService
	t.Unknown += o.Unknown
	t.Maintenance += o.Maintenance
}

// A slot is where time is counted: a verdict's, maintenance's, or nowhere.
type slot uint8

const (
	slotMaintenance = slot(verdicts)
	slots           = int(verdicts) + 1
	nowhere         = slot(slots) // retired, or nothing is there that could serve
)

// A tally adds up how long each slot was the case in the present month, and
// remembers the months before. All times are Unix milliseconds. 32 bits hold 49 days.
type tally struct {
	Slot  slot          `json:"slot"`
	Since int64         `json:"since"` // up to here all time is counted
	Sum   [slots]uint32 `json:"sum"`
	Past  []monthSum    `json:"past,omitempty"` // oldest first; its elements never change
}

type monthSum struct {
	Month Month         `json:"month"`
	Sum   [slots]uint32 `json:"sum"`
}

// change counts what was until at, and goes on with the slot. An instant before
// what is counted already is taken as the latest that is not. What does not change
// is not counted yet, so that it can still be said to have ended earlier.
func (y *tally) change(at int64, to slot) {
	if to != y.Slot {
		y.count(at)
		y.Slot = to
	}
}

func (y *tally) count(at int64) {
	if at <= y.Since {
		return
	}
	if y.Slot < nowhere {
		y.Sum[y.Slot] += uint32(at - y.Since)
	}
	y.Since = at
}

// turn ends the month at the instant at.
func (y *tally) turn(month Month, at int64) {
	y.count(at)
	if y.Sum != [slots]uint32{} {
		y.Past = remember(y.Past, monthSum{month, y.Sum})
	}
	y.Sum = [slots]uint32{}
}

// times returns the sum of a month; of the present one, up to now.
func (y *tally) times(month, present Month, now int64) Times {
	sum := [slots]uint32{}
	if month == present {
		sum = y.Sum
		if now > y.Since && y.Slot < nowhere {
			sum[y.Slot] += uint32(now - y.Since)
		}
	} else {
		for i := range y.Past {
			if y.Past[i].Month == month {
				sum = y.Past[i].Sum
			}
		}
	}
	ms := func(s int) time.Duration { return time.Duration(sum[s]) * time.Millisecond }
	return Times{
		Working: ms(int(Working)), Partly: ms(int(Partly)), Failed: ms(int(Failed)),
		NoService: ms(int(NoService)), Unknown: ms(int(Unknown)), Maintenance: ms(int(slotMaintenance)),
	}
}
