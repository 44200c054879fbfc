package coverage

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"phusong/telemetry"
)

func encoded(t interface{ Fatal(...any) }, m *Map, position uint64) []byte {
	var out bytes.Buffer
	if err := m.View().Encode(&out, position); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A map comes back as it was, and goes on as it would have; equal maps make equal bytes.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		readings := make([]telemetry.Reading, rapid.IntRange(0, 80).Draw(t, "n"))
		for i := range readings {
			readings[i] = anyReading(t, "test")
		}
		half := rapid.IntRange(0, len(readings)).Draw(t, "half")
		live := mapOf(t, readings[:half])
		for _, k := range live.view().keys() {
			s := live.series[k]
			id := s.days[0].records[0].testID(s.days[0].day)
			if err := live.Strike(k.cell, k.operator.code(), []TestID{id}); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "supersede") {
				live.Supersede(k.cell, k.operator.code(), s.days[0].day+1)
			}
		}
		first := encoded(t, live, 42)
		restored, position, err := Decode(bytes.NewReader(first), Options{Rules: DefaultRules(), Zone: hcm})
		if err != nil || position != 42 {
			t.Fatalf("position %d, %v", position, err)
		}
		if again := encoded(t, restored, 42); !bytes.Equal(first, again) {
			t.Fatal("a restored map is written differently")
		}
		// The stream repeats some of what came before the snapshot.
		for i := max(half-10, 0); i < len(readings); i++ {
			restored.Observe(&readings[i])
		}
		for i := half; i < len(readings); i++ {
			live.Observe(&readings[i])
		}
		if diff := cmp.Diff(content(live), content(restored)); diff != "" {
			t.Fatalf("it goes on differently (-live +restored):\n%s", diff)
		}
		if !bytes.Equal(encoded(t, live, 43), encoded(t, restored, 43)) {
			t.Fatal("equal maps make different bytes")
		}
	})
}

// Every damaged byte and every missing end is noticed.
func TestDamagedSnapshots(t *testing.T) {
	t.Parallel()
	m := newMap(t)
	for day := range 3 {
		survey(m, 1+day, 9, slow)
	}
	good := encoded(t, m, 7)
	options := Options{Rules: DefaultRules(), Zone: hcm}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		if _, _, err := Decode(bytes.NewReader(bad), options); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrOtherRules) {
			t.Fatalf("byte %d of %d: %v", i, len(good), err)
		}
		if _, _, err := Decode(bytes.NewReader(good[:i]), options); !errors.Is(err, ErrDamaged) {
			t.Fatalf("the first %d bytes of %d: %v", i, len(good), err)
		}
	}
	rules := DefaultRules()
	rules.Validity.ToSecond = 80_000
	if _, _, err := Decode(bytes.NewReader(good), Options{Rules: rules, Zone: hcm}); !errors.Is(err, ErrOtherRules) {
		t.Errorf("under other rules: %v", err)
	}
	if _, _, err := Decode(bytes.NewReader(good), Options{}); err == nil {
		t.Error("without rules")
	}
	if err := m.View().Encode(fullDisk{}, 7); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("on a full disk: %v", err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func FuzzDecode(f *testing.F) {
	m := newMap(f)
	survey(m, 1, 5, dead)
	var out bytes.Buffer
	if err := m.View().Encode(&out, 7); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	f.Add([]byte(snapshotMagic))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, position, err := Decode(bytes.NewReader(raw), Options{Rules: DefaultRules(), Zone: hcm})
		if err != nil {
			return
		}
		again := encoded(t, m, position)
		if !bytes.HasPrefix(raw, again) {
			t.Error("what was read is not what is written")
		}
	})
}
