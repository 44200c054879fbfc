package wifi_test

import (
	"encoding/base64"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/alerts/wifi"
	"phusong/telemetry"
)

func sendSketch(b *wifi.Book, id telemetry.DeviceID, at time.Time, text string) {
	b.Observe(at, reading(id, at, func(r *telemetry.WiFi) { r.UsersSketch = telemetry.Some(text) }))
}

func usageOf(t testing.TB, b *wifi.Book, month wifi.Month, area telemetry.AreaCode) wifi.Usage {
	t.Helper()
	for _, u := range b.Usage(month) {
		if u.Area == area {
			return u
		}
	}
	t.Fatalf("nobody used the Wi-Fi of %q in %s", area, month)
	return wifi.Usage{}
}

// A user of several access points and communes is one user.
func TestUsers(t *testing.T) {
	t.Parallel()
	b := inTown(t, wifi.Options{}, noon)
	month := wifi.MonthOf(noon)
	sendSketch(b, "ap-1", noon, sketchOf(t, "2026-09", 14, users(0, 300)...).String())
	sendSketch(b, "ap-2", noon, sketchOf(t, "2026-09", 14, users(200, 400)...).String())
	sendSketch(b, "ap-3", noon, sketchOf(t, "2026-09", 14, users(350, 450)...).String())
	sendSketch(b, "ap-3", noon, sketchOf(t, "2026-09", 14, users(350, 450)...).String()) // again
	for area, want := range map[telemetry.AreaCode]struct {
		users, residents, visitors int
	}{
		"": {450, 1000, 50}, "80": {450, 1000, 50}, "25459": {400, 800, 0}, "25462": {100, 200, 50},
	} {
		u := usageOf(t, b, month, area)
		if u.Residents != want.residents || u.Visitors != want.visitors {
			t.Errorf("%q has %d residents and %d visitors, want %d and %d", area, u.Residents, u.Visitors, want.residents, want.visitors)
		}
		if n := uint64(want.users); n < u.Low || n > u.High || u.Users < u.Low || u.Users > u.High {
			t.Errorf("%q had %d users (%d to %d), want %d", area, u.Users, u.Low, u.High, n)
		}
		share, low, high, ok := u.Share()
		if people := float64(want.residents + want.visitors); !ok || share != float64(u.Users)/people || low != float64(u.Low)/people || high != float64(u.High)/people {
			t.Errorf("%q: share %v, from %v to %v, %v", area, share, low, high, ok)
		}
	}
	if u := usageOf(t, b, month, ""); u.Error != 1.04/128 {
		t.Errorf("the standard error is %v, want 1.04/√16384", u.Error)
	}
	if taken, _ := b.Sketches(); taken != 3 {
		t.Errorf("%d sketches were taken, want 3: one came twice", taken)
	}
	if _, _, _, ok := (wifi.Usage{Users: 5}).Share(); ok {
		t.Error("there is a share of unknown residents")
	}
}

func TestSketchesRefused(t *testing.T) {
	t.Parallel()
	good := sketchOf(t, "2026-09", 14, users(0, 100)...)
	other := good
	other.Salt = "0000000000000000"
	damaged := good
	damaged.Sketch = append([]byte{2, 14, 0, 0}, 0, 0, 0x40, 0)
	flooded := good
	flooded.Sketch = append([]byte{2, 14, 0, 0, 0, 0, 0x40, 0}, make([]byte, 1<<14)...)
	for i := range 1 << 14 {
		flooded.Sketch[8+i] = 51
	}
	for _, test := range []struct {
		name string
		text string
		want wifi.Refusal
	}{
		{"the month before the last", sketchOf(t, "2026-07", 14, "x").String(), wifi.WrongMonth},
		{"a month to come", sketchOf(t, "2026-10", 14, "x").String(), wifi.WrongMonth},
		{"another salt", other.String(), wifi.WrongSalt},
		{"precision 12", sketchOf(t, "2026-09", 12, "x").String(), wifi.WrongPrecision},
		{"damaged", damaged.String(), wifi.Damaged},
		{"no sketch at all", "a4:5e:60:c1:22:33", wifi.Damaged},
		{"more users than there are people", flooded.String(), wifi.Implausible},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := inTown(t, wifi.Options{}, noon)
			sendSketch(b, "ap-1", noon, good.String())
			before := b.Usage(wifi.MonthOf(noon))
			sendSketch(b, "ap-2", noon, test.text)
			taken, refused := b.Sketches()
			for r, n := range refused {
				if want := map[bool]uint64{true: 1}[r == test.want]; n != want {
					t.Errorf("%d were refused for their %s, want %d", n, r, want)
				}
			}
			if taken != 1 || len(refused) != len(wifi.Refusals()) {
				t.Errorf("%d were taken, want 1; %d reasons", taken, len(refused))
			}
			if diff := cmp.Diff(before, b.Usage(wifi.MonthOf(noon))); diff != "" {
				t.Errorf("it counted (-before +after):\n%s", diff)
			}
		})
	}
	t.Run("the salt that was told", func(t *testing.T) {
		t.Parallel()
		b := inTown(t, wifi.Options{Salt: func(m wifi.Month) string {
			if m.String() == "2026-09" {
				return other.Salt
			}
			return ""
		}}, noon)
		sendSketch(b, "ap-1", noon, good.String())
		sendSketch(b, "ap-2", noon, other.String())
		if taken, refused := b.Sketches(); taken != 1 || refused[wifi.WrongSalt] != 1 {
			t.Errorf("%d were taken and %v refused, want the told salt alone", taken, refused)
		}
	})
}

// Sketches of the last month may come late, and old months become numbers.
func TestUsersOfOldMonths(t *testing.T) {
	t.Parallel()
	b := inTown(t, wifi.Options{}, noon)
	september := wifi.MonthOf(noon)
	sendSketch(b, "ap-1", noon, sketchOf(t, "2026-09", 14, users(0, 100)...).String())
	october := time.Date(2026, 10, 2, 0, 0, 0, 0, hanoi)
	late := reading("ap-2", noon, func(r *telemetry.WiFi) {
		r.UsersSketch = telemetry.Some(sketchOf(t, "2026-09", 14, users(100, 200)...).String())
	})
	late.Flags = telemetry.FlagLate
	b.Observe(october, late)
	want := usageOf(t, b, september, "")
	if want.Users < 196 || want.Users > 204 {
		t.Errorf("September has %d users, want about 200", want.Users)
	}
	for range 11 {
		october = october.AddDate(0, 1, 0)
		b.Advance(october)
	}
	if diff := cmp.Diff(want, usageOf(t, b, september, "")); diff != "" {
		t.Errorf("a year later (-then +now):\n%s", diff)
	}
	again := book(t, wifi.Options{})
	if err := again.Restore(bytesReader(image(t, b))); err != nil {
		t.Fatal(err)
	}
	again.Register(time.Time{}, town())
	if diff := cmp.Diff(want, usageOf(t, again, september, "")); diff != "" {
		t.Errorf("restored (-then +now):\n%s", diff)
	}
	for range 5 {
		october = october.AddDate(0, 1, 0)
		b.Advance(october)
	}
	if list := b.Usage(september); len(list) != 0 {
		t.Errorf("after 16 months there is still %v", list)
	}
}

// The bounds hold what they promise: of many crowds, about 95 % lie within them.
func TestErrorBound(t *testing.T) {
	t.Parallel()
	within, runs, sum := 0, 0, 0.0
	for i := range 100 {
		b := inTown(t, wifi.Options{Precision: 10}, noon) // coarse, so that few users show it
		n := 2000 + 13*i
		sendSketch(b, "ap-1", noon, sketchOf(t, "2026-09", 10, users(i*20_000, i*20_000+n)...).String())
		u := usageOf(t, b, wifi.MonthOf(noon), "")
		if uint64(n) >= u.Low && uint64(n) <= u.High {
			within++
		}
		off := float64(u.Users)/float64(n) - 1
		sum += off * off
		runs++
	}
	measured := math.Sqrt(sum / float64(runs))
	t.Logf("%d of %d within the 95 %% bounds; standard error %.4f, told %.4f", within, runs, measured, 1.04/32)
	if within < runs*90/100 {
		t.Errorf("%d of %d are within the bounds of 95 %%", within, runs)
	}
	if measured > 1.2*1.04/32 {
		t.Errorf("the standard error is %.4f, want about %.4f", measured, 1.04/32)
	}
}

// docs/WIFI.md tells makers of access points how to make a sketch; this one was
// made from that text alone, without the library.
func TestSketchMadeByHand(t *testing.T) {
	t.Parallel()
	const m = 1 << 14
	data := append([]byte{2, 14, 0, 0, 0, 0, 0x40, 0}, make([]byte, m)...)
	for i := range uint64(5000) {
		hash := (i + 1) * 0x9e3779b97f4a7c15 // any good 64 bits
		hash ^= hash >> 31
		hash *= 0xbf58476d1ce4e5b9
		hash ^= hash >> 29
		register, rank := hash>>50, byte(1)
		for bit := 49; bit >= 0 && hash>>bit&1 == 0; bit-- {
			rank++
		}
		data[8+register] = max(data[8+register], rank)
	}
	text := "hll1:2026-09:" + saltName + ":" + base64.StdEncoding.EncodeToString(data)
	b := inTown(t, wifi.Options{}, noon)
	sendSketch(b, "ap-1", noon, text)
	if u := usageOf(t, b, wifi.MonthOf(noon), ""); u.Low > 5000 || u.High < 5000 {
		t.Errorf("%d users (%d to %d), want 5000", u.Users, u.Low, u.High)
	}
	if len(text) > 32<<10 {
		t.Errorf("a dense sketch has %d letters and does not fit", len(text))
	}
}

func FuzzSketch(f *testing.F) {
	f.Add(sketchOf(f, "2026-09", 14, users(0, 50)...).String())
	f.Add(sketchOf(f, "2026-08", 14, users(0, 400)...).String())
	f.Add(sketchOf(f, "2026-09", 10, users(0, 4000)...).String())
	f.Add("hll1:2026-09:" + saltName + ":AgoAAAAAQAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		b := inTown(t, wifi.Options{}, noon)
		sendSketch(b, "ap-1", noon, text)
		taken, refused := b.Sketches()
		for _, n := range refused {
			taken += n
		}
		if taken != 1 {
			t.Errorf("%d were taken or refused, want one", taken)
		}
		for _, u := range b.Usage(wifi.MonthOf(noon)) {
			if u.Low > u.Users || u.Users > u.High {
				t.Errorf("%+v", u)
			}
		}
		if strings.Contains(string(image(t, b)), "null,null") {
			t.Error("the state cannot be written")
		}
	})
}
