package coverage

import (
	"cmp"
	"math"
	"slices"

	"phusong/telemetry"
)

// An AreaReport sums up a commune or a province for one operator.
type AreaReport struct {
	Area     telemetry.AreaCode     `json:"area"`
	Operator telemetry.OperatorCode `json:"operator"`
	// Verdict follows the rule for parents, in proportion: four of seven of all cells, or of
	// all communes of a province.
	Verdict Verdict `json:"verdict"`
	// Cells counts the cells by verdict; Untested are those without a test that counts, which
	// are unproven too and not among them. All is how many there are.
	Cells    [verdictCount]int `json:"cells"`
	Untested int               `json:"untested"`
	All      int               `json:"all"`
	// Residents estimates how many people live in the cells of each verdict.
	Residents [verdictCount]int `json:"residents"`
	// Communes counts the communes of a province by verdict.
	Communes   [verdictCount]int `json:"communes"`
	Yardsticks Yardsticks        `json:"yardsticks"`
}

// Areas reports on every commune and province of the grid for every operator of which
// anything is known, by area and operator. Without a grid there are none. The view must
// be the one that was assessed.
func (a *Assessment) Areas(v *View) []AreaReport {
	if a.grid == nil {
		return nil
	}
	sums := a.yardsticks(v)
	var reports []AreaReport
	for _, operator := range a.Operators() {
		provinces := make(map[telemetry.AreaCode]*AreaReport)
		for i := range a.grid.areas {
			commune := &a.grid.areas[i]
			r := a.commune(commune, a.grid.cells[i], operator)
			s := sums[areaKey{commune.Code, plmnOf(operator)}]
			r.Yardsticks = s.yardsticks(&a.rules)
			reports = append(reports, r)
			if commune.Parent == "" {
				continue
			}
			p := provinces[commune.Parent]
			if p == nil {
				p = &AreaReport{Area: commune.Parent, Operator: operator}
				provinces[commune.Parent] = p
			}
			p.include(&r)
		}
		for code, p := range provinces {
			p.Verdict = shareVerdict(&p.Communes, p.Communes[Unproven]+p.Communes[Covered]+p.Communes[Gap]+p.Communes[Dead], a.rules.ParentChildren)
			s := sums[areaKey{code, plmnOf(operator)}]
			p.Yardsticks = s.yardsticks(&a.rules)
			reports = append(reports, *p)
		}
	}
	slices.SortFunc(reports, func(x, y AreaReport) int {
		return cmp.Or(cmp.Compare(x.Area, y.Area), cmp.Compare(plmnOf(x.Operator), plmnOf(y.Operator)))
	})
	return reports
}

func (a *Assessment) commune(commune *telemetry.Area, cells []Cell, operator telemetry.OperatorCode) AreaReport {
	r := AreaReport{Area: commune.Code, Operator: operator, All: len(cells)}
	var residents [verdictCount]float64
	for _, cell := range cells {
		verdict := Unproven
		if c := a.Find(cell, operator); c != nil && (c.Decision.Tests > 0 || c.Verdict != Unproven) {
			verdict = c.Verdict
			r.Cells[verdict]++
		} else {
			r.Untested++
		}
		residents[verdict] += a.grid.Population(cell)
	}
	for v := range residents {
		r.Residents[v] = int(math.Round(residents[v]))
	}
	r.Verdict = shareVerdict(&r.Cells, r.All, a.rules.ParentChildren)
	return r
}

func (r *AreaReport) include(c *AreaReport) {
	r.Untested += c.Untested
	r.All += c.All
	r.Communes[c.Verdict]++
	for v := range c.Cells {
		r.Cells[v] += c.Cells[v]
		r.Residents[v] += c.Residents[v]
	}
}

// shareVerdict wants enough of seven, of all.
func shareVerdict(of *[verdictCount]int, all, enough int) Verdict {
	reaches := func(n int) bool { return all > 0 && PointHexes*n >= enough*all }
	switch {
	case reaches(of[Dead]):
		return Dead
	case reaches(of[Dead] + of[Gap]):
		return Gap
	case reaches(of[Covered]):
		return Covered
	}
	return Unproven
}
