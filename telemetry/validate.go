package telemetry

// Validate reports the first thing about r that no honest device could have
// said, naming the field. Every error wraps ErrRejected. It does not judge
// times: what to do about a wrong clock needs to know when it is now.
func (r *Reading) Validate() error {
	if err := checkID(string(r.Device)); err != nil {
		return rejectField("id", "%v", err)
	}
	if _, err := ParseAreaCode(string(r.Area)); err != nil {
		return rejectField("area", "%v", err)
	}
	if err := r.validateBody(); err != nil {
		return err
	}
	if seq, ok := r.Seq.Get(); ok && (seq < 0 || seq > maxExact) {
		return rejectField("seq", "%d is outside 0 to %d", seq, int64(maxExact))
	}
	carries := false
	fields := Fields(r.Kind)
	for i := range fields {
		ref := fields[i].at(r)
		if !present(ref) {
			continue
		}
		carries = true
		if err := fields[i].validate(ref); err != nil {
			return err
		}
	}
	if !carries {
		return reject("there is no known %s field in it", r.Kind)
	}
	return r.validateTogether()
}

func (r *Reading) validateBody() error {
	ok := false
	switch r.Kind {
	case KindWiFi:
		ok = r.WiFi != nil
	case KindMobile:
		ok = r.Mobile != nil
	case KindEnvironment:
		ok = r.Environment != nil
	case KindStatus:
		ok = r.Status != nil
	}
	if !ok {
		return reject("a reading of kind %s has no body of that kind", r.Kind)
	}
	return nil
}

// validateTogether checks what fields say only together.
func (r *Reading) validateTogether() error {
	switch r.Kind {
	case KindMobile:
		m := r.Mobile
		if !m.Operator.Present() && !m.SIMOperator.Present() {
			return rejectField("operator", "neither operator nor sim_operator says whose network this is")
		}
		return checkPosition(m.Lat, m.Lon)
	case KindStatus:
		if !r.Status.State.Present() {
			return rejectField("state", "missing; say online, offline or birth")
		}
		if !r.Status.Class.IsDevice() {
			return rejectField("kind", "a status comes from a wifi, mobile or environment device")
		}
		return checkPosition(r.Status.Lat, r.Status.Lon)
	}
	return nil
}

func checkPosition(lat, lon Opt[float64]) error {
	if lat.Present() != lon.Present() {
		return rejectField("lat", "lat and lon come together or not at all")
	}
	if lat.Present() && (Point{Lat: lat.value, Lon: lon.value}).IsZero() {
		return rejectField("lat", "0, 0 is where receivers without a fix believe to be; leave lat and lon out instead")
	}
	return nil
}
