package telemetry_test

import (
	"errors"
	"math"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"phusong/telemetry"
)

// valid returns a reading of the kind that passes Validate.
func valid(k telemetry.Kind) telemetry.Reading {
	r := telemetry.NewReading(k)
	r.Device, r.Area = "dev-1", "25459"
	switch k {
	case telemetry.KindWiFi:
		r.WiFi.Clients = telemetry.Some[int64](3)
	case telemetry.KindMobile:
		r.Mobile.Operator = telemetry.Some("45204")
	case telemetry.KindEnvironment:
		r.Environment.PM25 = telemetry.Some(12.5)
	case telemetry.KindStatus:
		r.Status.State, r.Status.Class = telemetry.Some(telemetry.StateOnline), telemetry.KindWiFi
	}
	return r
}

// put sets the referenced value, of whatever type it is.
func put(t interface{ Fatalf(string, ...any) }, ref any, value any) {
	switch ref := ref.(type) {
	case *telemetry.Opt[float64]:
		*ref = telemetry.Some(value.(float64))
	case *telemetry.Opt[int64]:
		*ref = telemetry.Some(value.(int64))
	case *telemetry.Opt[bool]:
		*ref = telemetry.Some(value.(bool))
	case *telemetry.Opt[string]:
		*ref = telemetry.Some(value.(string))
	default:
		t.Fatalf("a field of type %T", ref)
	}
}

// setTogether sets what the field may only be sent with.
func setTogether(r *telemetry.Reading, name string) {
	switch {
	case name != "lat" && name != "lon":
	case r.Mobile != nil:
		r.Mobile.Lat, r.Mobile.Lon = telemetry.Some(10.5), telemetry.Some(106.1)
	case r.Status != nil:
		r.Status.Lat, r.Status.Lon = telemetry.Some(10.5), telemetry.Some(106.1)
	}
}

func TestLimitsOfNumbers(t *testing.T) {
	t.Parallel()
	for _, k := range telemetry.Kinds() {
		for _, f := range telemetry.Fields(k) {
			if f.Type != telemetry.Number && f.Type != telemetry.Integer {
				continue
			}
			t.Run(k.String()+"/"+f.Name, func(t *testing.T) {
				t.Parallel()
				check := func(value any, ok bool) {
					t.Helper()
					r := valid(k)
					setTogether(&r, f.Name)
					put(t, f.Ref(&r), value)
					checkField(t, r.Validate(), f.Name, value, ok)
				}
				checkLimits(f, check)
			})
		}
	}
}

func TestLimitsOfRadios(t *testing.T) {
	t.Parallel()
	for _, f := range telemetry.RadioFields() {
		if f.Type != telemetry.Number && f.Type != telemetry.Integer {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			check := func(value any, ok bool) {
				t.Helper()
				r := valid(telemetry.KindWiFi)
				r.WiFi.Radios = make([]telemetry.Radio, 2)
				put(t, f.RadioRef(&r.WiFi.Radios[1]), value)
				err := r.Validate()
				checkField(t, err, "radios", value, ok)
				if err != nil && !strings.Contains(err.Error(), "radio 1: "+f.Name+": ") {
					t.Errorf("error %q does not say which radio and field", err)
				}
			}
			checkLimits(f, check)
		})
	}
}

func checkLimits(f telemetry.Field, check func(value any, ok bool)) {
	if f.Type == telemetry.Integer {
		check(int64(f.Min), true)
		check(int64(f.Max), true)
		check(int64(f.Min)+(int64(f.Max)-int64(f.Min))/2, true)
		check(int64(f.Min)-1, false)
		check(int64(f.Max)+1, false)
		check(int64(math.MaxInt64), false)
		check(int64(math.MinInt64), false)
		return
	}
	check(f.Min, true)
	check(f.Max, true)
	check(f.Min+(f.Max-f.Min)/3, true)
	check(math.Nextafter(f.Min, math.Inf(-1)), false)
	check(math.Nextafter(f.Max, math.Inf(1)), false)
	check(math.NaN(), false)
	check(math.Inf(1), false)
	check(math.Inf(-1), false)
}

// checkField wants no error, or a rejection of exactly this field.
func checkField(t *testing.T, err error, field string, value any, ok bool) {
	t.Helper()
	if ok {
		if err != nil {
			t.Errorf("%v was refused: %v", value, err)
		}
		return
	}
	if !errors.Is(err, telemetry.ErrRejected) {
		t.Errorf("%v: error %v, want a rejection", value, err)
		return
	}
	if rejected, is := errors.AsType[*telemetry.RejectedError](err); !is || rejected.Field != field {
		t.Errorf("%v: error %q does not name the field %q", value, err, field)
	}
}

func TestSentinels(t *testing.T) {
	t.Parallel()
	for _, k := range telemetry.Kinds() {
		for _, f := range telemetry.Fields(k) {
			if f.Type != telemetry.Number || f.Min <= -999 {
				continue
			}
			for value, sentinel := range map[float64]bool{-999: true, -9999: true, -998: false, -99999: false} {
				r := valid(k)
				setTogether(&r, f.Name)
				put(t, f.Ref(&r), value)
				if want := sentinel && k == telemetry.KindEnvironment; (r.Validate() == nil) != want {
					t.Errorf("%s %s = %v: error %v; accepted should be %v", k, f.Name, value, r.Validate(), want)
				}
			}
		}
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	for _, k := range telemetry.Kinds() {
		for _, f := range telemetry.Fields(k) {
			if f.Type != telemetry.Text {
				continue
			}
			t.Run(k.String()+"/"+f.Name, func(t *testing.T) {
				t.Parallel()
				check := func(value string, ok bool) {
					t.Helper()
					r := valid(k)
					put(t, f.Ref(&r), value)
					checkField(t, r.Validate(), f.Name, value, ok)
				}
				checkTexts(f, check)
			})
		}
	}
}

func checkTexts(f telemetry.Field, check func(value string, ok bool)) {
	switch {
	case len(f.Values) > 0:
		for _, v := range f.Values {
			check(v, true)
			check(strings.ToUpper(v)+" ", false)
		}
		check("", false)
	case f.Name == "operator" || f.Name == "sim_operator":
		check("45204", true)
		check("310410", true)
		for _, bad := range []string{"", "4520", "4520441", "452-04", "Viettel", "４５２０４"} {
			check(bad, false)
		}
	case f.Name == "users_sketch":
		check(goodSketch, true)
		check("Cổng số 1", false)
		check(goodSketch+strings.Repeat("AAAA", f.MaxLength/4), false)
	default:
		check(strings.Repeat("x", f.MaxLength), true)
		check("Cổng số 1", true)
		check(strings.Repeat("x", f.MaxLength+1), false)
		for _, bad := range []string{"a\nb", "a\x00", "\x7f", "\xff"} {
			check(bad, false)
		}
	}
}

func TestRadioBand(t *testing.T) {
	t.Parallel()
	for value, ok := range map[string]bool{"2.4": true, "5": true, "6": true, "2,4": false, "": false, "5 GHz": false} {
		r := valid(telemetry.KindWiFi)
		r.WiFi.Radios = []telemetry.Radio{{Band: telemetry.Some(value)}}
		checkField(t, r.Validate(), "radios", value, ok)
	}
	for n, ok := range map[int]bool{1: true, telemetry.MaxRadios: true, telemetry.MaxRadios + 1: false} {
		r := valid(telemetry.KindWiFi)
		r.WiFi.Radios = make([]telemetry.Radio, n)
		checkField(t, r.Validate(), "radios", n, ok)
	}
}

// Whatever lies within the limits of a field is accepted, and a second look at it
// gives it back.
func TestNumbersWithinLimitsPass(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		k := rapid.SampledFrom(telemetry.Kinds()).Draw(rt, "kind")
		r := valid(k)
		fields := telemetry.Fields(k)
		for i := range fields {
			f := &fields[i]
			if !rapid.Bool().Draw(rt, "set "+f.Name) {
				continue
			}
			var want float64
			switch f.Type {
			case telemetry.Number:
				want = rapid.Float64Range(f.Min, f.Max).Draw(rt, f.Name)
				put(rt, f.Ref(&r), want)
			case telemetry.Integer:
				n := rapid.Int64Range(int64(f.Min), int64(f.Max)).Draw(rt, f.Name)
				want = float64(n)
				put(rt, f.Ref(&r), n)
			case telemetry.Boolean:
				put(rt, f.Ref(&r), true)
				want = 1
			default:
				continue
			}
			if got, ok := f.Float(&r); !ok || got != want || !f.Present(&r) {
				rt.Fatalf("%s holds %v, %v after %v was set", f.Name, got, ok, want)
			}
		}
		setTogether(&r, "lat")
		if err := r.Validate(); err != nil {
			rt.Fatalf("refused: %v", err)
		}
	})
}

// Each quantity is named once, in the way of the wire, and lives in the Go type
// that its declared type says.
func TestTableIsSound(t *testing.T) {
	t.Parallel()
	snake := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	check := func(table string, fields []telemetry.Field, ref func(*telemetry.Field) any) {
		names, places := make(map[string]bool), make(map[any]string)
		for i := range fields {
			f := &fields[i]
			at := table + "." + f.Name
			if !snake.MatchString(f.Name) {
				t.Errorf("%s is not snake_case", at)
			}
			if names[f.Name] {
				t.Errorf("%s is declared twice", at)
			}
			names[f.Name] = true
			if f.Help == "" || strings.HasSuffix(f.Help, ".") {
				t.Errorf("%s: help %q should be a phrase without a full stop", at, f.Help)
			}
			r := ref(f)
			if other, taken := places[r]; taken {
				t.Errorf("%s lives where %s does", at, other)
			}
			places[r] = f.Name
			checkType(t, at, f, r)
		}
	}
	for _, k := range telemetry.Kinds() {
		r := telemetry.NewReading(k)
		check(k.String(), telemetry.Fields(k), func(f *telemetry.Field) any { return f.Ref(&r) })
	}
	var radio telemetry.Radio
	check("radio", telemetry.RadioFields(), func(f *telemetry.Field) any { return f.RadioRef(&radio) })
	if telemetry.Fields(0) != nil || telemetry.Fields(99) != nil {
		t.Error("a kind that does not exist has fields")
	}
}

func checkType(t *testing.T, at string, f *telemetry.Field, ref any) {
	t.Helper()
	var want telemetry.FieldType
	switch ref.(type) {
	case *telemetry.Opt[float64]:
		want = telemetry.Number
	case *telemetry.Opt[int64]:
		want = telemetry.Integer
	case *telemetry.Opt[bool]:
		want = telemetry.Boolean
	case *telemetry.Opt[string]:
		want = telemetry.Text
	case *[]telemetry.Radio:
		want = telemetry.Radios
	}
	if f.Type != want {
		t.Errorf("%s is declared as %s and lives in a %T", at, f.Type, ref)
	}
	switch f.Type {
	case telemetry.Number, telemetry.Integer:
		if f.Min >= f.Max || f.Unit == "" {
			t.Errorf("%s: limits %v to %v, unit %q", at, f.Min, f.Max, f.Unit)
		}
		if f.Type == telemetry.Integer && (f.Min != math.Trunc(f.Min) || f.Max != math.Trunc(f.Max) || f.Max > 1<<53) {
			t.Errorf("%s: limits %v to %v are not exact whole numbers", at, f.Min, f.Max)
		}
	case telemetry.Text:
		if (len(f.Values) == 0) == (f.MaxLength == 0) {
			t.Errorf("%s needs either values or a length", at)
		}
	}
}

// What is added to a body and forgotten in the table would never be read or stored.
func TestTableReachesEveryFieldOfTheBodies(t *testing.T) {
	t.Parallel()
	reached := func(body any, fields []telemetry.Field, ref func(*telemetry.Field) any, besides ...string) {
		refs := make(map[uintptr]bool)
		for i := range fields {
			refs[reflect.ValueOf(ref(&fields[i])).Pointer()] = true
		}
		v := reflect.ValueOf(body).Elem()
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			skip := false
			for _, b := range besides {
				skip = skip || b == name
			}
			if !skip && !refs[v.Field(i).Addr().Pointer()] {
				t.Errorf("%s.%s is in no table", v.Type().Name(), name)
			}
		}
		if want := v.NumField() - len(besides); len(fields) != want {
			t.Errorf("the table of %s has %d fields, want %d", v.Type().Name(), len(fields), want)
		}
	}
	for _, k := range telemetry.Kinds() {
		r := telemetry.NewReading(k)
		ref := func(f *telemetry.Field) any { return f.Ref(&r) }
		switch k {
		case telemetry.KindWiFi:
			reached(r.WiFi, telemetry.Fields(k), ref)
		case telemetry.KindMobile:
			reached(r.Mobile, telemetry.Fields(k), ref)
		case telemetry.KindEnvironment:
			reached(r.Environment, telemetry.Fields(k), ref)
		case telemetry.KindStatus:
			reached(r.Status, telemetry.Fields(k), ref, "Class") // from the topic
		}
	}
	var radio telemetry.Radio
	reached(&radio, telemetry.RadioFields(), func(f *telemetry.Field) any { return f.RadioRef(&radio) })
}

func TestFieldByName(t *testing.T) {
	t.Parallel()
	for _, k := range telemetry.Kinds() {
		for _, f := range telemetry.Fields(k) {
			if got := telemetry.FieldByName(k, f.Name); got == nil || got.Name != f.Name || got.Help != f.Help {
				t.Errorf("FieldByName(%s, %q) = %+v", k, f.Name, got)
			}
		}
	}
	if telemetry.FieldByName(telemetry.KindWiFi, "pm25_ugm3") != nil || telemetry.FieldByName(0, "clients") != nil {
		t.Error("a field of another kind was found")
	}
}

func TestFieldOfAnotherKindIsAbsent(t *testing.T) {
	t.Parallel()
	for _, k := range telemetry.Kinds() {
		for _, f := range telemetry.Fields(k) {
			for _, other := range telemetry.Kinds() {
				if other == k {
					continue
				}
				r := valid(other)
				if _, ok := f.Float(&r); ok || f.Present(&r) || f.Ref(&r) != nil {
					t.Errorf("a %s reading has the field %s of %s", other, f.Name, k)
				}
			}
		}
	}
}
