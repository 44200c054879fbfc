package simulator

import (
	"math"
	"testing"

	"phusong/telemetry"
)

// The values were computed from the tables of TR 38.901 by another program.
func TestPathLossIsThatOfTheStandard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		m                           morphology
		distance, height, ghz, want float64
	}{
		{rural, 100, 35, 1.8, 79.15},
		{rural, 1000, 35, 1.8, 115.37},
		{rural, 5000, 35, 1.8, 151.45},
		{urban, 100, 25, 3.5, 96.12},
		{urban, 1000, 25, 3.5, 141.09},
		{urban, 5000, 25, 3.5, 168.86},
	} {
		got, _ := pathLoss(c.m, c.distance, c.height, c.ghz)
		if math.Abs(got-c.want) > 0.02 {
			t.Errorf("%d at %v m: got %.2f dB, want %.2f", c.m, c.distance, got, c.want)
		}
		looked, _ := newLossTable(c.m, c.height, c.ghz).at(c.distance * c.distance)
		if math.Abs(looked-got) > 0.05 {
			t.Errorf("%d at %v m: the table says %.3f dB, the formula %.3f", c.m, c.distance, looked, got)
		}
	}
}

func TestPathLossGrowsWithDistance(t *testing.T) {
	t.Parallel()
	for _, m := range []morphology{rural, urban} {
		for _, ghz := range []float64{0.9, 1.8, 3.5} {
			last := 0.0
			for d := 20.0; d < 14_000; d *= 1.02 {
				loss, _ := pathLoss(m, d, 30, ghz)
				if loss < last || loss > last+3 && last > 0 {
					t.Fatalf("%d at %v GHz: %.2f dB at %.0f m after %.2f dB", m, ghz, loss, d, last)
				}
				last = loss
			}
		}
	}
}

// Over many instances shadowing has mean 0, deviation 1 and an exponential correlation.
func TestShadowingIsGudmundsons(t *testing.T) {
	t.Parallel()
	const instances = 4000
	distances := []float64{0, 60, 120, 240, 480}
	products := make([]float64, len(distances))
	var sum float64
	for i := range instances {
		field := newShadowField(uint64(i))
		p := newPhases(uint64(i) + 1<<40)
		at := vec{float64(i) * 37, float64(i) * 91}
		here := field.at(&p, at)
		sum += here
		for n, d := range distances {
			products[n] += here * field.at(&p, at.add(polar(d, float64(i))))
		}
	}
	if mean := sum / instances; math.Abs(mean) > 0.06 {
		t.Errorf("the mean is %.3f, want 0", mean)
	}
	for n, d := range distances {
		got, want := products[n]/instances, math.Exp(-d/shadowDistance)
		if math.Abs(got-want) > 0.08 {
			t.Errorf("at %v m the correlation is %.3f, want %.3f", d, got, want)
		}
	}
}

func TestAHillCastsAShadow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	peak := project(mountain())
	west, east := peak.add(vec{-4000, 0}), peak.add(vec{4000, 0})
	top := w.terrain.heightAt(west) + 40
	if loss := w.terrain.diffraction(west, east, top, w.terrain.heightAt(east)+1.5, 1.8); loss < 25 {
		t.Errorf("a kilometre of granite costs %.1f dB, want more than 25", loss)
	}
	open := west.add(vec{-3000, -12_000})
	if loss := w.terrain.diffraction(open, open.add(vec{0, -3000}), w.terrain.heightAt(open)+40, w.terrain.heightAt(open)+1.5, 1.8); loss != 0 {
		t.Errorf("the plain costs %.1f dB, want nothing", loss)
	}
}

func TestThroughputIsBounded(t *testing.T) {
	t.Parallel()
	for sinr, want := range map[float64]float64{-10: 0.0825, 0: 0.6, 60: 4.4 * 1.7} {
		if got := throughput(sinr, 1); math.Abs(got-want) > 0.001 {
			t.Errorf("%v dB: %.4f bit/s/Hz, want %.4f", sinr, got, want)
		}
	}
}

// The worlds are such that every verdict is worth looking for.
func TestNetworksAreGoodInTownAndPatchyOutside(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 3; seed++ {
		w := newWorld(t, func(o *Options) { o.Seed = seed })
		for o := range operators {
			dead, slow, n := 0.0, 0.0, 0.0
			for i := range 3000 {
				c := &w.communes[i%len(w.communes)]
				s := w.signal(o, c.place(key(99, forTest, uint64(i)), 1), testStart.UnixMilli()+int64(i%16)*hour)
				n++
				if !s.service {
					dead++
				} else if s.download < 40 {
					slow++
				}
			}
			if dead/n < 0.005 || dead/n > 0.08 || slow/n < 0.08 || slow/n > 0.4 {
				t.Errorf("seed %d, %s: %.3f of the land is dead and %.3f slow; want about 0.02 and 0.2", seed, operators[o].Name, dead/n, slow/n)
			}
		}
		for i := range w.communes {
			if c := &w.communes[i]; c.Type == "Phường" && !w.signal(0, c.at, testStart.UnixMilli()).service {
				t.Errorf("seed %d: no service in the middle of %s", seed, c.Name)
			}
		}
	}
}

func TestEventsChangeTheNetworkOnlyWhereAndWhenTheySay(t *testing.T) {
	t.Parallel()
	s, err := ParseScenario("s.yaml", []byte(`title: t
story: s
events:
  - {at: 1h, for: 1h, do: dead_zone, where: {operator: "45204", near: [11.32, 106.10], radius_km: 3}, loss_db: 80}
  - {at: 1h, for: 1h, do: slow_zone, where: {near: [10.53, 106.43], radius_km: 3}, load: 0.9}
  - {at: 3h, for: 1h, do: mast_down, where: {operator: "45201", near: [11.58, 105.91], radius_km: 9}}
`))
	if err != nil {
		t.Fatal(err)
	}
	plain, w := newWorld(t, nil), newWorld(t, func(o *Options) { o.Scenario = s })
	tayNinh, tanAn, tanBien := telemetry.Point{Lat: 11.32, Lon: 106.10}, telemetry.Point{Lat: 10.53, Lon: 106.43}, telemetry.Point{Lat: 11.58, Lon: 105.91}
	for _, c := range []struct {
		operator telemetry.OperatorCode
		at       telemetry.Point
		hour     float64
		same     bool
		usable   bool
	}{
		{"45204", tayNinh, 0.9, true, true},
		{"45204", tayNinh, 1.5, false, false},
		{"45201", tayNinh, 1.5, true, true},
		{"45204", tayNinh, 2.1, true, true},
		{"45202", tanAn, 1.5, false, true},
		{"45202", tanAn, 2.5, true, true},
		{"45201", tanBien, 2.5, true, true},
		{"45201", tanBien, 3.5, false, false},
		{"45204", tanBien, 3.5, true, true},
	} {
		at := instant(testStart.UnixMilli() + int64(c.hour*float64(hour)))
		got, before := w.Service(c.operator, c.at, at), plain.Service(c.operator, c.at, at)
		if (got == before) != c.same || got.Usable != c.usable {
			t.Errorf("%s at %v after %v h: %+v, without the events %+v", c.operator, c.at, c.hour, got, before)
		}
		if !c.same && got.Usable && got.DownloadMbps >= before.DownloadMbps {
			t.Errorf("a full network gives %.1f Mbit/s, an ordinary one %.1f", got.DownloadMbps, before.DownloadMbps)
		}
	}
}
