package registry

import (
	"slices"

	"phusong/telemetry"
)

var siteColumns = []column{
	{"id", true}, {"name", true}, {"category", true}, {"area", true},
	{"lat", false}, {"lon", false}, {"required", false}, {"hours", false},
}

func (l *loader) readSites(file string, data []byte) {
	whole := l.readTable(file, data, siteColumns, func(r *record) {
		id, idErr := telemetry.ParseSiteID(r.get("id"))
		if idErr != nil {
			r.problem("%v", idErr)
		}
		site := telemetry.Site{
			ID: id, Name: r.text("name"), Category: telemetry.Category(r.get("category")),
			Area: r.area(), At: r.point(), Required: r.flag("required"),
		}
		if site.Name == "" {
			r.problem("name is empty; write what people call the place")
		}
		if !slices.Contains(telemetry.Categories(), site.Category) {
			r.problem("category %q is unknown%s", clip(string(site.Category)), nearest(string(site.Category), categoryNames()))
		}
		if r.get("area") == "" {
			r.problem("area is empty; write the code of the commune")
		}
		var err error
		if site.Hours, err = telemetry.ParseHours(r.get("hours")); err != nil {
			r.problem("%v", err)
		}
		if idErr != nil {
			return
		}
		if first, twice := l.siteAt[id]; twice {
			r.problem("site id %q is already used in line %d; give each site its own", id, l.sites[first].line)
			return
		}
		l.siteAt[id] = len(l.sites)
		l.sites = append(l.sites, entry[telemetry.Site]{value: site, file: file, line: r.line})
	})
	l.sitesDamaged = !whole
}

func categoryNames() []string {
	var names []string
	for _, c := range telemetry.Categories() {
		names = append(names, string(c))
	}
	return names
}
