package api

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"

	"phusong/dashboards/access"
	"phusong/telemetry"
)

// A box is what a map shows. The zero box is everywhere.
type box struct{ minLon, minLat, maxLon, maxLat float64 }

// parseBox reads "minLon,minLat,maxLon,maxLat" in degrees.
func parseBox(text string) (b box, err error) {
	if text == "" {
		return b, nil
	}
	bad := invalid("bbox", "bbox must be minLon,minLat,maxLon,maxLat in degrees, such as 105.8,10.9,106.6,11.8")
	parts := strings.Split(text, ",")
	if len(parts) != 4 {
		return b, bad
	}
	for i, to := range []*float64{&b.minLon, &b.minLat, &b.maxLon, &b.maxLat} {
		v, err := strconv.ParseFloat(strings.TrimSpace(parts[i]), 64)
		if err != nil || math.IsNaN(v) || math.Abs(v) > 180 || i%2 == 1 && math.Abs(v) > 90 {
			return b, bad
		}
		*to = v
	}
	if b.minLon > b.maxLon || b.minLat > b.maxLat {
		return b, bad
	}
	return b, nil
}

func (b *box) holds(lat, lon float64) bool {
	return *b == box{} || lat >= b.minLat && lat <= b.maxLat && lon >= b.minLon && lon <= b.maxLon
}

// AreaFilter asks for one area.
type AreaFilter struct {
	Area telemetry.AreaCode `query:"area" maxLength:"5" doc:"commune or province"`
}

// BoxFilter asks for what a map shows.
type BoxFilter struct {
	BBox string `query:"bbox" maxLength:"120" doc:"minLon,minLat,maxLon,maxLat"`
}

// SiteFilter asks for some sites.
type SiteFilter struct {
	AreaFilter
	Category string `query:"category" maxLength:"20"`
	Verdict  string `query:"verdict" maxLength:"20"`
	Required string `query:"required" enum:"true,false,"`
}

func (s *server) sites(ctx context.Context, f *SiteFilter, b *box) []Site {
	var list []Site
	i := access.From(ctx)
	for _, x := range s.Places.Sites() {
		if s.sees(&i, x.Area) && s.within(x.Area, f.Area) && b.holds(x.Lat, x.Lon) && (f.Category == "" || string(x.Category) == f.Category) &&
			(f.Verdict == "" || x.Verdict == f.Verdict) && (f.Required == "" || f.Required == strconv.FormatBool(x.Required)) {
			list = append(list, x)
		}
	}
	return list
}

// DeviceFilter asks for some devices.
type DeviceFilter struct {
	AreaFilter
	Kind  string           `query:"kind" enum:"wifi,mobile,environment,"`
	State string           `query:"state" maxLength:"20"`
	Site  telemetry.SiteID `query:"site" maxLength:"64"`
	// Unregistered devices send, and the registry does not know them.
	Registered string `query:"registered" enum:"true,false,"`
	Q          string `query:"q" maxLength:"100" doc:"words of the name or id; diacritics may be left out"`
}

func (s *server) devices(ctx context.Context, f *DeviceFilter, b *box) []Device {
	var list []Device
	i := access.From(ctx)
	question := fold(f.Q)
	for _, x := range s.Places.Devices() {
		if s.sees(&i, x.Area) && s.within(x.Area, f.Area) && b.holds(x.Lat, x.Lon) && (f.Kind == "" || x.Kind == f.Kind) &&
			(f.State == "" || x.State == f.State) && (f.Site == "" || x.Site == f.Site) &&
			(f.Registered == "" || f.Registered == strconv.FormatBool(x.Registered)) && holdsWords(question, x.Name, string(x.ID)) {
			list = append(list, x)
		}
	}
	return list
}

func siteKey(x *Site) string     { return string(x.ID) }
func deviceKey(x *Device) string { return string(x.ID) }

func (s *server) registerPlaces() {
	const tag = "places"
	handle(s, http.MethodGet, "/areas", "list-areas", tag, "Areas", access.Read, func(ctx context.Context, in *struct {
		Paging
		Parent telemetry.AreaCode `query:"parent" maxLength:"2"`
	}) (*answer[Page[Area]], error) {
		var list []Area
		for _, a := range s.Places.Areas() {
			if s.covers(ctx, a.Code) && (in.Parent == "" || a.Parent == in.Parent) {
				list = append(list, Area{a.Code, a.Name, a.Type, a.Parent, a.Population, a.SizeKm2, a.Center.Lat, a.Center.Lon})
			}
		}
		return said(pageOf(in.Paging, list, func(a *Area) string { return string(a.Code) })), nil
	})
	handleRaw[Collection[MultiPolygonGeometry, AreaOutline]](s, "/areas.geojson", "map-areas", tag, "Outlines of areas", geoJSON, func(ctx context.Context, in *struct {
		Level string `query:"level" enum:"province,commune," doc:"empty: both"`
	}) (*raw, error) {
		var list []Feature[MultiPolygonGeometry, AreaOutline]
		var spots map[spot]bool // looked for when an area needs them
		for _, a := range s.Places.Areas() {
			if !s.covers(ctx, a.Code) || in.Level != "" && (in.Level == "province") != a.Code.IsProvince() {
				continue
			}
			if len(a.Outline) == 0 && spots == nil {
				spots = s.spots(ctx)
			}
			list = append(list, outlineOf(&a, spots))
		}
		return collected(list, false)
	})
	handle(s, http.MethodGet, "/sites", "list-sites", tag, "Sites with their verdict", access.Read, func(ctx context.Context, in *struct {
		Paging
		SiteFilter
	}) (*answer[Page[Site]], error) {
		return said(pageOf(in.Paging, s.sites(ctx, &in.SiteFilter, &box{}), siteKey)), nil
	})
	handleRaw[Collection[PointGeometry, Site]](s, "/sites.geojson", "map-sites", tag, "Sites on a map", geoJSON, func(ctx context.Context, in *struct {
		BoxFilter
		SiteFilter
	}) (*raw, error) {
		b, err := parseBox(in.BBox)
		if err != nil {
			return nil, err
		}
		page := pageOf(Paging{Limit: maxFeatures}, s.sites(ctx, &in.SiteFilter, &b), siteKey)
		list := make([]Feature[PointGeometry, Site], len(page.Items))
		for i, x := range page.Items {
			list[i] = pointFeature(x.Lat, x.Lon, x)
		}
		return collected(list, page.Next != "")
	})
	handle(s, http.MethodGet, "/devices", "list-devices", tag, "Devices and their state", access.Read, func(ctx context.Context, in *struct {
		Paging
		DeviceFilter
	}) (*answer[Page[Device]], error) {
		return said(pageOf(in.Paging, s.devices(ctx, &in.DeviceFilter, &box{}), deviceKey)), nil
	})
	handleRaw[Collection[PointGeometry, Device]](s, "/devices.geojson", "map-devices", tag, "Devices on a map; those without a position are left out", geoJSON, func(ctx context.Context, in *struct {
		BoxFilter
		DeviceFilter
	}) (*raw, error) {
		b, err := parseBox(in.BBox)
		if err != nil {
			return nil, err
		}
		page := pageOf(Paging{Limit: maxFeatures}, s.devices(ctx, &in.DeviceFilter, &b), deviceKey)
		list := make([]Feature[PointGeometry, Device], 0, len(page.Items))
		for _, x := range page.Items {
			if x.Lat != 0 || x.Lon != 0 {
				list = append(list, pointFeature(x.Lat, x.Lon, x))
			}
		}
		return collected(list, page.Next != "")
	})
	handle(s, http.MethodGet, "/targets", "list-targets", tag, "Required sites that work, by area and category", access.Read, func(ctx context.Context, in *AreaFilter) (*answer[[]Target], error) {
		list := []Target{}
		for _, t := range s.Places.Targets() {
			if s.covers(ctx, t.Area) && s.within(t.Area, in.Area) {
				list = append(list, t)
			}
		}
		return said(list), nil
	})
}

func coordinates(outline []telemetry.Polygon) [][][][2]float64 {
	all := make([][][][2]float64, len(outline))
	for i, polygon := range outline {
		for _, ring := range polygon {
			line := make([][2]float64, len(ring))
			for n, p := range ring {
				line[n] = [2]float64{p.Lon, p.Lat}
			}
			all[i] = append(all[i], line)
		}
	}
	return all
}

// areaOf returns where a device is, if who asks may see it.
func (s *server) areaOf(ctx context.Context, device telemetry.DeviceID) error {
	area, ok := s.Places.AreaOf(device, "")
	if !ok || !s.covers(ctx, area) {
		return outside("device", string(device))
	}
	return nil
}

func otherAreas() error {
	return refusal(http.StatusForbidden, codeOtherAreas, "that is not in an area of yours")
}
