package reports

import (
	"cmp"

	"phusong/telemetry"
)

// A Period says which days and which area a report is about.
type Period struct {
	// Area is what was looked at; the zero Place is everything.
	Area Place
	// From and To are the first and last local day, like 2026-11-03.
	From, To string
	// Readings is how many were read.
	Readings int
}

func (p *Period) facts() []Fact {
	facts := []Fact{
		{"area", wordArea, place(p.Area)},
		{"from", Words{"Từ ngày", "From"}, Text(p.From)},
		{"to", Words{"đến hết ngày", "to, included"}, Text(p.To)},
		{"readings", Words{"Bản tin đã đọc", "Readings read"}, Int(p.Readings)},
	}
	if p.Area.Code == "" {
		facts[0].Value = all
	}
	return facts
}

// all stands for every area or category.
var all = Term("all", Words{"tất cả", "all"})

func areaOrAll(p Place) Value {
	if p.Code == "" {
		return all
	}
	return place(p)
}

// byPlace orders what has an area: everything first, then provinces, then communes.
func byPlace(a, b Place) int {
	return cmp.Or(cmp.Compare(len(a.Code), len(b.Code)), cmp.Compare(a.Code, b.Code))
}

var categoryWords = map[telemetry.Category]Words{
	telemetry.School: {"trường học", "schools"}, telemetry.Hospital: {"cơ sở y tế", "health care"}, telemetry.Residential: {"khu dân cư", "residential"},
	telemetry.Tourism: {"điểm du lịch", "tourism"}, telemetry.Office: {"cơ quan", "offices"},
}

func category(c telemetry.Category) Value {
	if c == "" {
		return all
	}
	if w, ok := categoryWords[c]; ok {
		return Term(string(c), w)
	}
	return Text(string(c))
}

// named is a term that has words of its own; nothing without a key.
func named(key string, w Words) Value {
	if key == "" {
		return Value{}
	}
	return Term(key, w)
}

// Words of columns that reports on a period have.
var (
	wordMonth    = Words{"Tháng", "Month"}
	wordCategory = Words{"Loại địa điểm", "Category"}
)
