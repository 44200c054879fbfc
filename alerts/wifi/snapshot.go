package wifi

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/axiomhq/hyperloglog"

	"phusong/telemetry"
)

// imageFormat is the format of a snapshot. Another one is refused: the state is
// made anew from the stream.
const imageFormat = 1

// image is the state as a snapshot holds it. The register is not in it.
type image struct {
	Format   int              `json:"format"`
	Now      int64            `json:"now"`
	Points   []pointImage     `json:"points"`
	Sites    []siteImage      `json:"sites"`
	Unions   []unionImage     `json:"unions"`
	Counted  []countImage     `json:"counted"`
	Salts    map[Month]string `json:"salts"`
	Taken    uint64           `json:"taken"`
	Refused  [refusals]uint64 `json:"refused"`
	Problems []problemImage   `json:"problems"`
	Options  int              `json:"precision"`
}

type pointImage struct {
	ID    telemetry.DeviceID `json:"id"`
	Known known              `json:"known"`
}

type siteImage struct {
	ID     telemetry.SiteID `json:"id"`
	Placed placed           `json:"placed"`
}

type unionImage struct {
	Month  Month              `json:"month"`
	Area   telemetry.AreaCode `json:"area"`
	Sketch []byte             `json:"sketch"`
}

type countImage struct {
	Month Month              `json:"month"`
	Area  telemetry.AreaCode `json:"area"`
	Users uint64             `json:"users"`
}

type problemImage struct {
	Count    uint64   `json:"count"`
	Subjects []string `json:"subjects"`
}

// Snapshot takes an image of the state now; the returned function writes it, and
// may run on another goroutine.
func (b *Book) Snapshot() func(io.Writer) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	m := image{
		Format: imageFormat, Now: b.now, Options: b.options.Precision,
		Points: make([]pointImage, len(b.points)), Sites: make([]siteImage, len(b.sites)),
		Salts: make(map[Month]string, len(b.crowds.salts)), Taken: b.crowds.taken, Refused: b.crowds.refused,
	}
	for i := range b.points {
		m.Points[i] = pointImage{b.points[i].id, b.points[i].known}
	}
	for i := range b.sites {
		m.Sites[i] = siteImage{b.sites[i].ID, b.sites[i].placed}
	}
	maps.Copy(m.Salts, b.crowds.salts)
	for p := range b.problems {
		m.Problems = append(m.Problems, problemImage{b.problems[p].count, b.problems[p].subjects})
	}
	err := b.crowds.image(&m)
	return func(w io.Writer) error {
		if err != nil {
			return err
		}
		return json.NewEncoder(w).Encode(&m)
	}
}

func (c *crowds) image(m *image) error {
	byKey := func(a, b crowdKey) int { return cmp.Or(cmp.Compare(a.month, b.month), cmp.Compare(a.area, b.area)) }
	for _, key := range slices.SortedFunc(maps.Keys(c.unions), byKey) {
		u := c.unions[key]
		data, err := u.sketch.MarshalBinary() // a copy
		if err != nil {
			return fmt.Errorf("wifi: writing the sketch of %q: %w", key.area, err)
		}
		m.Unions = append(m.Unions, unionImage{key.month, key.area, data})
	}
	for _, key := range slices.SortedFunc(maps.Keys(c.counted), byKey) {
		m.Counted = append(m.Counted, countImage{key.month, key.area, c.counted[key]})
	}
	return nil
}

// Restore takes over a snapshot into a book that has seen no entry yet. The
// register may come before or after. After an error the book is as it was.
func (b *Book) Restore(r io.Reader) error {
	var m image
	if err := json.NewDecoder(r).Decode(&m); err != nil {
		return fmt.Errorf("wifi: reading the snapshot: %w", err)
	}
	restored, err := m.check(&b.options)
	if err != nil {
		return fmt.Errorf("wifi: the snapshot cannot be used: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now != 0 {
		return errors.New("wifi: a snapshot is for a book that has seen nothing yet")
	}
	b.now, b.crowds = m.Now, restored
	b.month = monthAt(m.Now)
	for p := range b.problems {
		b.problems[p].count, b.problems[p].subjects = m.Problems[p].Count, m.Problems[p].Subjects
	}
	b.saved = &m
	if len(b.register.Devices)+len(b.register.Sites) > 0 {
		b.rebuild()
	}
	return nil
}

// check refuses what this code could not have written, and reads the sketches.
func (m *image) check(o *Options) (crowds, error) {
	c := newCrowds(o)
	switch {
	case m.Format != imageFormat:
		return c, fmt.Errorf("format %d, want %d", m.Format, imageFormat)
	case m.Options != o.Precision:
		return c, fmt.Errorf("sketches of precision %d, want %d", m.Options, o.Precision)
	case len(m.Problems) != int(problems):
		return c, fmt.Errorf("%d kinds of problems, want %d", len(m.Problems), problems)
	}
	for i := range m.Points {
		if k := &m.Points[i].Known; k.State >= states || k.Verdict >= verdicts || k.Reason >= reasons || k.Tally.Slot > nowhere || len(k.Speeds) > speedTests {
			return c, fmt.Errorf("access point %q is in no state that there is", m.Points[i].ID)
		}
	}
	for i := range m.Sites {
		if p := &m.Sites[i].Placed; p.Verdict >= verdicts || p.Reason >= reasons || p.Tally.Slot > nowhere {
			return c, fmt.Errorf("site %q is in no state that there is", m.Sites[i].ID)
		}
	}
	c.taken, c.refused = m.Taken, m.Refused
	maps.Copy(c.salts, m.Salts)
	for _, u := range m.Counted {
		c.counted[crowdKey{u.Month, u.Area}] = u.Users
	}
	for _, u := range m.Unions {
		if len(u.Sketch) < 2 || int(u.Sketch[1]) != o.Precision {
			return c, fmt.Errorf("the sketch of %q has another precision", u.Area)
		}
		sketch := new(hyperloglog.Sketch)
		if err := sketch.UnmarshalBinary(u.Sketch); err != nil {
			return c, fmt.Errorf("the sketch of %q: %w", u.Area, err)
		}
		c.unions[crowdKey{u.Month, u.Area}] = &union{sketch: sketch, stale: true}
	}
	return c, nil
}
