package rules

import (
	"math"
	"time"

	"phusong/telemetry"
)

// Values are the facts of one subject. Without a value a fact is not known. They
// are for one goroutine.
//
// Numbers, truths, instants and durations are all kept as float64, not a number
// standing for "not known": instants in seconds since 1970 (exact to less than a
// microsecond), durations in seconds.
type Values struct {
	table   *Table
	numbers []float64
	texts   []string // by Fact.text; "" is not known
	changed Mask
}

var unknown = math.NaN()

// NewValues returns values of which none is known.
func (t *Table) NewValues() *Values {
	v := &Values{table: t, numbers: make([]float64, len(t.facts)), texts: make([]string, t.texts)}
	for i := range v.numbers {
		v.numbers[i] = unknown
	}
	return v
}

// Table returns what the slots mean.
func (v *Values) Table() *Table { return v.table }

// SetNumber sets a number; not a number and the infinite make it unknown.
func (v *Values) SetNumber(s Slot, x float64) {
	if x-x != 0 { // infinite or not a number
		x = unknown
	}
	old := v.numbers[s]
	if old == x || old != old && x != x {
		return
	}
	v.numbers[s] = x
	v.changed.Add(s)
}

// SetBool sets a truth.
func (v *Values) SetBool(s Slot, b bool) {
	if b {
		v.SetNumber(s, 1)
	} else {
		v.SetNumber(s, 0)
	}
}

// SetText sets a text; "" makes it unknown.
func (v *Values) SetText(s Slot, text string) {
	at := &v.texts[v.table.facts[s].text]
	if *at != text {
		*at = text
		v.changed.Add(s)
	}
}

// SetInstant sets a point in time; the zero time makes it unknown.
func (v *Values) SetInstant(s Slot, t time.Time) {
	if t.IsZero() {
		v.SetNumber(s, unknown)
		return
	}
	v.SetNumber(s, seconds(t))
}

// SetDuration sets a length of time.
func (v *Values) SetDuration(s Slot, d time.Duration) { v.SetNumber(s, d.Seconds()) }

// Unset makes a fact unknown.
func (v *Values) Unset(s Slot) {
	if v.table.facts[s].Type == Text {
		v.SetText(s, "")
		return
	}
	v.SetNumber(s, unknown)
}

// Number returns a number, or a truth as 1 and 0, an instant in seconds since 1970, a
// duration in seconds, and whether it is known.
func (v *Values) Number(s Slot) (float64, bool) {
	x := v.numbers[s]
	return x, x == x
}

// Text returns a text, "" when it is not known.
func (v *Values) Text(s Slot) string { return v.texts[v.table.facts[s].text] }

// Known reports whether the fact has a value.
func (v *Values) Known(s Slot) bool {
	if v.table.facts[s].Type == Text {
		return v.Text(s) != ""
	}
	return v.numbers[s] == v.numbers[s]
}

// Changed returns the slots whose value is another since ClearChanged.
func (v *Values) Changed() Mask { return v.changed }

// ClearChanged forgets what changed, after the rules were asked.
func (v *Values) ClearChanged() { v.changed = Mask{} }

// MarkChanged says that a slot is to be judged again though its value is the same.
func (v *Values) MarkChanged(s Slot) { v.changed.Add(s) }

// ObserveReading sets the facts that are fields of the reading, of which the values
// must have the kind. A reading is one observation: what it does not carry becomes
// unknown, so that no rule mixes this test's outcome with the last one's speed.
// Numbers that sensors send for "no value" are not known either. Every field that the
// reading carries counts as changed, since another observation is news to a rule that
// counts time.
func (v *Values) ObserveReading(r *telemetry.Reading) {
	if r.Kind != v.table.kind {
		return
	}
	facts := v.table.facts
	for i := int(readingSlots[r.Kind]); i < len(facts); i++ {
		v.observeField(Slot(i), &facts[i], r)
	}
	if r.Kind == telemetry.KindWiFi {
		v.observeRadios(r.WiFi)
	}
}

func (v *Values) observeField(s Slot, fact *Fact, r *telemetry.Reading) {
	if fact.Type == Text {
		text := ""
		if p, ok := fact.field.Ref(r).(*telemetry.Opt[string]); ok {
			text = p.Or("")
		}
		v.SetText(s, text)
		if text != "" {
			v.changed.Add(s)
		}
		return
	}
	x, ok := fact.field.Float(r)
	if !ok || r.Kind == telemetry.KindEnvironment && telemetry.Sentinel(x) {
		v.SetNumber(s, unknown)
		return
	}
	v.SetNumber(s, x)
	v.changed.Add(s)
}

// observeRadios sets the facts that are the worst of the radios.
func (v *Values) observeRadios(w *telemetry.WiFi) {
	utilization, noise := unknown, unknown
	for i := range w.Radios {
		if x, ok := w.Radios[i].Utilization.Get(); ok && !(x <= utilization) {
			utilization = x
		}
		if x, ok := w.Radios[i].NoiseDBm.Get(); ok && !(x <= noise) {
			noise = x
		}
	}
	v.observe(WiFiUtilization, utilization)
	v.observe(WiFiNoise, noise)
	radios := unknown
	if len(w.Radios) > 0 {
		radios = float64(len(w.Radios))
	}
	v.observe(WiFiRadios, radios)
}

func (v *Values) observe(s Slot, x float64) {
	v.SetNumber(s, x)
	if x == x {
		v.changed.Add(s)
	}
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }
