package registry

// LoadTexts loads files that are not on a disk, because fuzzing reads thousands a second.
func LoadTexts(areas, sites, devices string) (*Registry, error) {
	texts := map[string]string{"areas.geojson": areas, "sites.csv": sites, "devices.csv": devices}
	return load(Paths{Areas: []string{"areas.geojson"}, Sites: "sites.csv", Devices: "devices.csv"},
		func(path string) ([]byte, error) { return []byte(texts[path]), nil })
}

// LoadRoads does the same for a road file.
func LoadRoads(text string) (*Registry, error) {
	return load(Paths{Roads: "roads.geojson"}, func(string) ([]byte, error) { return []byte(text), nil })
}
