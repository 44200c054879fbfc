package wifi

import (
	"fmt"
	"slices"
	"time"
)

// zone is Asia/Ho_Chi_Minh, which has had no other offset since 1975, so that no
// table of zones is needed.
var zone = time.FixedZone("+07", 7*3600)

// A Month is a calendar month in Asia/Ho_Chi_Minh, counted from year 0.
type Month int

// MonthOf returns the month that t lies in.
func MonthOf(t time.Time) Month {
	local := t.In(zone)
	return Month(local.Year()*12 + int(local.Month()) - 1)
}

// ParseMonth reads a month written as 2026-11.
func ParseMonth(s string) (Month, error) {
	t, err := time.ParseInLocation("2006-01", s, zone)
	if err != nil {
		return 0, fmt.Errorf("month %q: write it like 2026-11", s)
	}
	return MonthOf(t), nil
}

// Start returns the month's first instant.
func (m Month) Start() time.Time {
	return time.Date(int(m)/12, time.Month(int(m)%12+1), 1, 0, 0, 0, 0, zone)
}

// End returns the first instant of the next month.
func (m Month) End() time.Time { return (m + 1).Start() }

// String returns the month as 2026-11.
func (m Month) String() string { return fmt.Sprintf("%04d-%02d", int(m)/12, int(m)%12+1) }

// keptMonths is how many months are remembered besides the present one: a year's
// report is made in December and looks back to December.
const keptMonths = 13

// remember adds a month to a list, and drops the oldest of too many. It is a new
// list: images that hold the old one may still be read.
func remember[M any](list []M, month M) []M {
	if len(list) >= keptMonths {
		list = list[len(list)-keptMonths+1:]
	}
	return append(slices.Clip(list), month)
}

func monthAt(ms int64) Month { return MonthOf(time.UnixMilli(ms)) }
