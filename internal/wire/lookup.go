package wire

import "phusong/telemetry"

// indexes maps the wire names of each kind to their place in telemetry.Fields.
var indexes = func() (all [telemetry.KindStatus + 1]map[string]int) {
	for _, k := range telemetry.Kinds() {
		names := make(map[string]int)
		for i, f := range telemetry.Fields(k) {
			names[f.Name] = i
		}
		all[k] = names
	}
	return all
}()

// lookup returns the place of the field in telemetry.Fields(k), or -1.
func lookup(k telemetry.Kind, name []byte) int {
	if i, ok := indexes[k][string(name)]; ok {
		return i
	}
	return -1
}
