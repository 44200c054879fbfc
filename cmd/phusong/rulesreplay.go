package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"phusong/alerts"
	"phusong/alerts/environment"
	"phusong/alerts/rules"
	"phusong/alerts/wifi"
	"phusong/coverage"
	"phusong/internal/registry"
	"phusong/telemetry"
)

type replayRulesCmd struct {
	reportFiles
	From    string        `required:"" placeholder:"WHEN" help:"Day, such as 2026-07-01, or instant, such as 2026-07-01T06:00:00+07:00."`
	To      string        `placeholder:"WHEN" help:"Last day, or end; default: now."`
	Against []string      `placeholder:"FILES" help:"Rule files to compare with; \"default\" is the default rule-set."`
	WarmUp  time.Duration `default:"24h" help:"How much history before --from is played first, so that means and states are known."`
	List    bool          `help:"List every alert, not only how many there were."`
	Files   []string      `arg:"" optional:"" help:"Rule files; the default rule-set without any."`
}

// reportFiles say where the readings and the registry are.
type reportFiles struct {
	dataFlag
	Registry string `placeholder:"FOLDER" help:"Folder with areas.geojson, sites.csv and devices.csv, instead of the files of the configuration."`
}

// Run plays the readings of the store to an engine with the rules, and to a second one
// with those to compare with, and prints what would have been raised. Nobody is told.
func (c *replayRulesCmd) Run(p *process) error {
	config, err := c.load(p)
	if err != nil {
		return err
	}
	from, to, err := c.span(time.Now())
	if err != nil {
		return err
	}
	reg, err := registry.Load((&reportFlags{dataFlag: c.dataFlag, Registry: c.Registry}).paths(&config))
	if err != nil {
		return err
	}
	work := askPastWork(p, &config, reg)
	candidate, err := c.rehearse(reg, work, c.Files, from)
	if err != nil {
		return err
	}
	rehearsals := []*rehearsal{candidate}
	if len(c.Against) > 0 {
		patterns := c.Against
		if slices.Equal(patterns, []string{"default"}) {
			patterns = nil
		}
		other, err := c.rehearse(reg, work, patterns, from)
		if err != nil {
			return err
		}
		rehearsals = append(rehearsals, other)
	}
	readings := 0
	err = withStore(p.ctx, &config, func(s store) error {
		bar := newCountBar(p.stderr, "replaying readings")
		defer bar.Close() // it only draws
		entries := storedEntries(p.ctx, s, telemetry.Kinds(), from.Add(-c.WarmUp), to)
		return eachEntry(entries, to, func(at time.Time, entry []telemetry.Reading) {
			for _, r := range rehearsals {
				r.engine.Observe(at, entry)
			}
			readings += len(entry)
			_ = bar.Add(len(entry)) // it only draws
		})
	})
	if err != nil {
		return err
	}
	return c.print(p, rehearsals, readings, from, to)
}

// span understands --from and --to: days are local, and the last one is included.
func (c *replayRulesCmd) span(now time.Time) (from, to time.Time, err error) {
	if from, _, err = parseWhen(c.From); err != nil {
		return from, to, fmt.Errorf("--from: %w", err)
	}
	to = now
	if c.To != "" {
		var day bool
		if to, day, err = parseWhen(c.To); err != nil {
			return from, to, fmt.Errorf("--to: %w", err)
		}
		if day {
			to = to.AddDate(0, 0, 1)
		}
	}
	switch {
	case to.After(now):
		to = now
	case c.WarmUp < 0:
		return from, to, errors.New("--warm-up is negative")
	}
	if !from.Before(to) {
		return from, to, fmt.Errorf("--from: %s is not before %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	return from, to, nil
}

func parseWhen(text string) (t time.Time, day bool, err error) {
	if t, err = time.Parse(time.RFC3339, text); err == nil {
		return t, false, nil
	}
	zone, err := time.LoadLocation(coverage.DefaultRules().Validity.Zone)
	if err != nil {
		return t, false, err
	}
	if t, err = time.ParseInLocation(time.DateOnly, text, zone); err != nil {
		return t, false, fmt.Errorf("%q is no day such as 2026-07-01, and no instant such as 2026-07-01T06:00:00+07:00", text)
	}
	return t, true, nil
}

// A rehearsal is an engine whose alerts go nowhere but into a list.
type rehearsal struct {
	set    *rules.Set
	engine *alerts.Engine
	from   time.Time
	alerts []*alerts.Alert // fired from from on, in the order of firing
	byID   map[string]*alerts.Alert
}

func (c *replayRulesCmd) rehearse(reg *registry.Registry, work *pastWork, patterns []string, from time.Time) (*rehearsal, error) {
	set, err := loadRules(patterns)
	if err != nil {
		return nil, err
	}
	r := &rehearsal{set: set, from: from, byID: make(map[string]*alerts.Alert)}
	points, err := wifi.New(wifi.Options{})
	if err != nil {
		return nil, err
	}
	stations, err := environment.New(environment.Options{})
	if err != nil {
		return nil, err
	}
	options := alerts.Options{Inventory: inventoryOf(reg), Rules: set, WiFi: points, Environment: stations, Changed: r.note}
	if work != nil {
		options.Desk = work
	}
	r.engine, err = alerts.New(options)
	return r, err
}

// note keeps the alerts that fire in the time asked for, as they are in the end.
func (r *rehearsal) note(c alerts.Change) {
	switch {
	case c.Alert == nil:
	case c.Kind == alerts.AlertFired && !c.At.Before(r.from):
		r.byID[c.Alert.ID] = c.Alert
		r.alerts = append(r.alerts, c.Alert)
	default:
		if kept := r.byID[c.Alert.ID]; kept != nil {
			told, texts := kept.Told || c.Alert.Told, kept.Annotations
			*kept = *c.Alert
			kept.Told = told
			if len(texts) > 0 { // what it said first; at its end the values are well again
				kept.Annotations = texts
			}
		}
	}
}

// storedEntries returns the readings of the kinds in the order of event time.
func storedEntries(ctx context.Context, s store, kinds []telemetry.Kind, from, to time.Time) iter.Seq2[telemetry.Reading, error] {
	return func(yield func(telemetry.Reading, error) bool) {
		var heads []*head
		defer func() {
			for _, h := range heads {
				h.stop()
			}
		}()
		for _, kind := range kinds {
			h := &head{}
			h.next, h.stop = iter.Pull2(s.Readings(ctx, telemetry.Query{Kind: kind, From: from, To: to}))
			heads = append(heads, h)
			h.advance()
		}
		for {
			h := earliest(heads)
			if h == nil || !yield(h.reading, h.err) || h.err != nil {
				return
			}
			h.advance()
		}
	}
}

// A head is the next reading of one kind.
type head struct {
	next    func() (telemetry.Reading, error, bool)
	stop    func()
	reading telemetry.Reading
	err     error
	more    bool // there is a next reading, or the error
}

func (h *head) advance() { h.reading, h.err, h.more = h.next() }

// earliest returns the head whose turn it is, nil at the end; an error comes first.
func earliest(heads []*head) (first *head) {
	for _, h := range heads {
		switch {
		case !h.more:
		case h.err != nil:
			return h
		case first == nil || h.reading.Time.Before(first.reading.Time):
			first = h
		}
	}
	return first
}

// eachEntry makes entries of the stream from readings in the order of event time: those
// of one second together, and a tick in each second without any. A reading that was
// received late is entered where it stands, and its flag says that it is late.
func eachEntry(readings iter.Seq2[telemetry.Reading, error], to time.Time, do func(time.Time, []telemetry.Reading)) error {
	var at time.Time
	var entry []telemetry.Reading
	flush := func(until time.Time) {
		if at.IsZero() {
			return
		}
		do(at, entry)
		entry = nil
		for at = at.Add(tickEvery); at.Before(until); at = at.Add(tickEvery) {
			do(at, nil)
		}
	}
	for r, err := range readings {
		if err != nil {
			return err
		}
		// An instant is judged when its second is over, as its readings are received then.
		if second := r.Time.Truncate(tickEvery).Add(tickEvery); second.After(at) {
			flush(second)
			at = second
		}
		entry = append(entry, r)
	}
	flush(to)
	return nil
}

// print writes how often each rule fired, and every alert if that is asked for.
func (c *replayRulesCmd) print(p *process, rehearsals []*rehearsal, readings int, from, to time.Time) error {
	fmt.Fprintf(p.stdout, "%d readings from %s to %s, and %v before\n", readings, from.Format(time.RFC3339), to.Format(time.RFC3339), c.WarmUp)
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "ALERT\tFIRED\tTOLD\tSTILL FIRING")
	if len(rehearsals) > 1 {
		fmt.Fprint(w, "\tAGAINST: FIRED\tTOLD\tSTILL FIRING")
	}
	fmt.Fprintln(w)
	counts := make([]map[string]tallied, len(rehearsals))
	var names []string
	for i, r := range rehearsals {
		counts[i] = r.count()
		for _, rule := range r.set.Rules() {
			if !given(rule) {
				names = append(names, rule.Alert)
			}
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		fmt.Fprint(w, name)
		for i := range rehearsals {
			n := counts[i][name]
			fmt.Fprintf(w, "\t%d\t%d\t%d", n.fired, n.told, n.firing)
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if names := rehearsals[0].unheard(); len(names) > 0 {
		fmt.Fprintf(p.stdout, "not judged, for their facts are not in the store: %s\n", strings.Join(names, ", "))
	}
	if c.List {
		return rehearsals[0].list(p)
	}
	return nil
}

type tallied struct{ fired, told, firing int }

func (r *rehearsal) count() map[string]tallied {
	counts := make(map[string]tallied)
	for _, a := range r.alerts {
		n := counts[a.Name]
		n.fired++
		if a.Told {
			n.told++
		}
		if a.Resolved.IsZero() {
			n.firing++
		}
		counts[a.Name] = n
	}
	return counts
}

// given reports whether the facts of the rule's subjects come from elsewhere than readings.
func given(rule *rules.Rule) bool {
	return rule.Scope == rules.ScopeOperator || rule.Scope == rules.ScopeZone || rule.Scope == rules.ScopeService
}

// unheard are the alerts about subjects that readings say nothing of.
func (r *rehearsal) unheard() (names []string) {
	for _, rule := range r.set.Rules() {
		if given(rule) {
			names = append(names, rule.Alert)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (r *rehearsal) list(p *process) error {
	slices.SortStableFunc(r.alerts, func(a, b *alerts.Alert) int { return cmp.Or(a.Fired.Compare(b.Fired), cmp.Compare(a.ID, b.ID)) })
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nFIRED\tLASTED\tTOLD\tALERT\tSUMMARY")
	for _, a := range r.alerts {
		lasted := "still firing"
		if !a.Resolved.IsZero() {
			lasted = a.Resolved.Sub(a.Fired).Round(time.Second).String()
		}
		fmt.Fprintf(w, "%s\t%s\t%v\t%s\t%s\n", a.Fired.Format(time.RFC3339), lasted, a.Told, a.Name, a.Annotations["summary_en"])
	}
	return w.Flush()
}
