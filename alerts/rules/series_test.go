package rules

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func numbers(xs ...float64) (points []point) {
	for _, x := range xs {
		points = append(points, point{kind: aNumber, x: x})
	}
	return points
}

func TestSeriesNotation(t *testing.T) {
	t.Parallel()
	word := func(text string) point { return point{kind: aText, text: text} }
	for _, test := range []struct {
		series, values string
		want           []point
	}{
		{`wifi.clients{device="a"}`, "1 2.5 -3", numbers(1, 2.5, -3)},
		{`wifi.clients{device="a"}`, "0+5x3", numbers(0, 5, 10, 15)},
		{`wifi.clients{device="a"}`, " 4-2x2  7x2 ", numbers(4, 2, 0, 7, 7, 7)},
		{`wifi.clients{device="a"}`, "1e3 _x2 stalex1 _", append(numbers(1000), point{}, point{}, point{kind: stale}, point{kind: stale}, point{})},
		{`wifi.wan_up{device="a", site="s"}`, "true falsex1 1", numbers(1, 0, 0, 1)},
		{`site.verdict{site="s"}`, `working "no service"x1 'failed' _`, []point{word("working"), word("no service"), word("no service"), word("failed"), {}}},
		{`site.reason { site = "s" }`, "stale", []point{{kind: stale}}},
		{`service.lag`, "", nil},
	} {
		s, err := parseSeries(test.series, test.values)
		if err != nil {
			t.Errorf("%s %s: %v", test.series, test.values, err)
			continue
		}
		if diff := cmp.Diff(test.want, s.points, cmp.AllowUnexported(point{})); diff != "" {
			t.Errorf("%s: %s", test.values, diff)
		}
	}
	for _, test := range []struct{ series, values, want string }{
		{"clients", "1", "should look like"},
		{`wifi.client{device="a"}`, "1", "do you mean wifi.clients?"},
		{`wifi.clients{site="a"}`, "1", "needs the label device"},
		{`wifi.clients{device="a",team="b"}`, "1", "should be some of device"},
		{`wifi.clients{device=a}`, "1", "should be some of device"},
		{`wifi.clients{device="a"}`, "many", `"many" is no value of wifi.clients`},
		{`wifi.clients{device="a"}`, "1x9999999", "repeats too often"},
		{`site.verdict{site="a"}`, "broken", `site.verdict is never "broken"`},
		{`site.verdict{site="a"}`, `"working`, "cannot be read from"},
	} {
		if _, err := parseSeries(test.series, test.values); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: %v", test.series, test.values, err)
		}
	}
}

func FuzzSeries(f *testing.F) {
	f.Add(`wifi.clients{device="a"}`, "1 0+5x3 _x2 stale")
	f.Add(`site.verdict{site="s"}`, `working "no service"x1`)
	f.Fuzz(func(t *testing.T, name, values string) {
		s, err := parseSeries(name, values)
		if err == nil && len(s.points) > maxPoints {
			t.Errorf("%d points", len(s.points))
		}
	})
}
