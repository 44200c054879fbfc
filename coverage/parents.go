package coverage

import (
	"cmp"
	"slices"

	"phusong/telemetry"
)

// A ParentVerdict is about a coarser cell, by the rule that a parent is bad when
// enough of its seven children are.
type ParentVerdict struct {
	Cell     Cell                   `json:"cell"`
	Operator telemetry.OperatorCode `json:"operator"`
	// Verdict is Dead or Gap when that many children are dead, or dead or gaps; Covered by
	// the same count; else Unproven.
	Verdict Verdict `json:"verdict"`
	// Children counts them by their verdicts; those without a test are not among them.
	Children [verdictCount]int `json:"children"`
}

// Parents judges the cells of resolution 7 or 6 by their children, which for 6 are
// the parents of resolution 7.
func (a *Assessment) Parents(resolution int) []ParentVerdict {
	if resolution >= CellResolution {
		return nil
	}
	children := make([]ParentVerdict, len(a.Cells))
	for i := range a.Cells {
		c := &a.Cells[i]
		children[i] = ParentVerdict{Cell: c.Cell, Operator: c.Operator, Verdict: c.Verdict}
	}
	for at := CellResolution - 1; at >= resolution; at-- {
		children = a.parentsOf(children, at)
	}
	return children
}

func (a *Assessment) parentsOf(children []ParentVerdict, resolution int) []ParentVerdict {
	found := make(map[key]*ParentVerdict)
	var all []*ParentVerdict
	for i := range children {
		c := &children[i]
		k := key{c.Cell.parent(resolution), plmnOf(c.Operator)}
		if found[k] == nil {
			found[k] = &ParentVerdict{Cell: k.cell, Operator: c.Operator}
			all = append(all, found[k])
		}
		found[k].Children[c.Verdict]++
	}
	parents := make([]ParentVerdict, len(all))
	for i, p := range all {
		p.Verdict = parentVerdict(&p.Children, a.rules.ParentChildren)
		parents[i] = *p
	}
	slices.SortFunc(parents, func(x, y ParentVerdict) int {
		return cmp.Or(cmp.Compare(x.Cell, y.Cell), cmp.Compare(plmnOf(x.Operator), plmnOf(y.Operator)))
	})
	return parents
}

// parentVerdict wants enough children of a kind; a dead child is a gap as well.
func parentVerdict(children *[verdictCount]int, enough int) Verdict {
	switch {
	case children[Dead] >= enough:
		return Dead
	case children[Dead]+children[Gap] >= enough:
		return Gap
	case children[Covered] >= enough:
		return Covered
	}
	return Unproven
}
