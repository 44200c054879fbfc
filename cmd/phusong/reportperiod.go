package main

import (
	"fmt"
	"time"

	"phusong/alerts/airquality"
	"phusong/coverage"
	"phusong/telemetry"
)

// periodFlags are what reports on the time of a half-year or a year have in common.
type periodFlags struct {
	dataFlag
	Registry string `placeholder:"FOLDER" help:"Folder with areas.geojson, sites.csv and devices.csv, instead of the files of the configuration."`
	Area     string `placeholder:"CODE" help:"Province (2 digits) or commune (5 digits); default: all."`
	From     string `placeholder:"DAY" help:"First day of the period, such as 2026-07-01; default: the beginning of the half-year that holds its last day."`
	To       string `placeholder:"DAY" help:"Last day of the period; default: today."`
	Format   string `enum:"table,csv,geojson,xlsx,html" default:"table" help:"One of table, csv, geojson, xlsx, html."`
	Table    string `placeholder:"NAME" help:"Which table csv holds; an unknown name lists them. Default: the first."`
	Lang     string `enum:"vi,en" default:"vi" help:"Language: vi or en."`
	Output   string `short:"o" placeholder:"FILE" help:"Write to the file instead of standard output."`
}

// flags are those of the reports on coverage, which read and write in the same way.
func (f *periodFlags) flags() *reportFlags {
	return &reportFlags{
		dataFlag: f.dataFlag, Registry: f.Registry, Area: f.Area, From: f.From, To: f.To,
		Format: f.Format, Table: f.Table, Lang: f.Lang, Output: f.Output,
	}
}

// mostPeriod bounds a report: what is kept of each month and day is bounded by it.
const mostPeriod = 366

// prepare understands the flags. Now is the time of the call.
func (f *periodFlags) prepare(p *process, now time.Time) (*inquiry, error) {
	q, err := f.flags().prepare(p, nil, now)
	if err != nil {
		return nil, err
	}
	q.zone = airquality.Zone() // that of the books
	if f.From == "" {
		q.from = halfYear(q.to)
	}
	if days := int(q.to-q.from) + 1; days > mostPeriod {
		return nil, fmt.Errorf("--from: from %s to %s it is %d days; a report covers a year at most, so write one for each", q.from, q.to, days)
	}
	return q, nil
}

// halfYear is the first day of the half-year that holds the day.
func halfYear(d coverage.Day) coverage.Day {
	t := time.Unix(int64(d)*secondsOfDay, 0).UTC()
	month := time.January
	if t.Month() >= time.July {
		month = time.July
	}
	return coverage.Day(time.Date(t.Year(), month, 1, 0, 0, 0, 0, time.UTC).Unix() / secondsOfDay)
}

// A playback shows a book the readings of the store, as the stream would have.
type playback struct {
	kinds []telemetry.Kind
	// From begins the period, to ends it. Readings of the time before, as long as warmUp, are
	// shown too.
	from, to time.Time
	warmUp   time.Duration
	// tick is how much time passes without a reading before the book is told that it does.
	tick time.Duration
	// show is given each entry, and at the instants at which something is due after all
	// that came before them.
	show func(at time.Time, readings []telemetry.Reading)
	// due are those instants in order, and what is to be done.
	due []deed
}

// A deed is something to be done when all that happened before an instant is known.
type deed struct {
	at time.Time
	do func()
}

// play shows everything, and returns how many readings of the period there were. The
// deeds after the period are done without further readings: what comes to the store later
// on changes nothing.
func (b *playback) play(p *process, q *inquiry) (readings int, err error) {
	start, done := b.from.Add(-b.warmUp), 0
	show := func(at time.Time, entry []telemetry.Reading) {
		for ; done < len(b.due) && b.due[done].at.Before(at); done++ {
			b.show(b.due[done].at, nil)
			b.due[done].do()
		}
		if len(entry) > 0 || at.Equal(at.Truncate(b.tick)) {
			b.show(at, entry)
		}
	}
	err = withStore(p.ctx, &q.config, func(s store) error {
		bar := newCountBar(p.stderr, "reading")
		defer bar.Close() // it only draws
		show(start, nil)
		return eachEntry(storedEntries(p.ctx, s, b.kinds, start, b.to), b.to, func(at time.Time, entry []telemetry.Reading) {
			for i := range entry {
				if !entry[i].Time.Before(b.from) {
					readings++
				}
			}
			_ = bar.Add(len(entry)) // it only draws
			show(at, entry)
		})
	})
	if err != nil || len(b.due) == 0 {
		return readings, err
	}
	end := b.due[len(b.due)-1].at
	for at := b.to; !at.After(end); at = at.Add(b.tick) {
		show(at, nil)
	}
	show(end.Add(b.tick), nil)
	return readings, nil
}
