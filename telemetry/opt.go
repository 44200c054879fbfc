package telemetry

// Opt is a value that a device may leave out. The zero Opt is absent, which is
// never the same as a reported zero: a silent thermometer is not 0 °C.
type Opt[T comparable] struct {
	value   T
	present bool
}

// Some returns a present value.
func Some[T comparable](v T) Opt[T] { return Opt[T]{value: v, present: true} }

// Get returns the value and whether there is one.
func (o Opt[T]) Get() (T, bool) { return o.value, o.present }

// Present reports whether there is a value.
func (o Opt[T]) Present() bool { return o.present }

// Or returns the value, or absent when there is none.
func (o Opt[T]) Or(absent T) T {
	if o.present {
		return o.value
	}
	return absent
}

// Equal reports whether both are absent or both hold the same value.
func (o Opt[T]) Equal(other Opt[T]) bool { return o == other }
