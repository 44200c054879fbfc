package codec

import (
	"errors"
	"fmt"
	"io"
	"time"

	"phusong/telemetry"
)

// GNetTrackOptions say what a G-NetTrack log does not.
type GNetTrackOptions struct {
	// Name of the file, for messages; "gnettrack" when empty.
	Name string
	// Device and Area are those of the readings.
	Device telemetry.DeviceID
	Area   telemetry.AreaCode
	// Location is the time zone of the phone: the log holds local times.
	Location *time.Location
	// Operators maps the Operatorname of the log to the PLMN. Only the per-second
	// log says the PLMN itself; [GNetTrackOperators] reads the map from it.
	Operators map[string]telemetry.OperatorCode
	// SIMOperator is the network of the phone's SIM. When empty and Operators
	// agree on one code, it is that one. Rows without service need it.
	SIMOperator telemetry.OperatorCode
}

func (o *GNetTrackOptions) validate() error {
	if _, err := telemetry.ParseDeviceID(string(o.Device)); err != nil {
		return fmt.Errorf("G-NetTrack options: Device: %w", err)
	}
	if _, err := telemetry.ParseAreaCode(string(o.Area)); err != nil {
		return fmt.Errorf("G-NetTrack options: Area: %w", err)
	}
	if o.Location == nil {
		return errors.New("G-NetTrack options: Location: missing; give the time zone of the phone, such as Asia/Ho_Chi_Minh")
	}
	for name, code := range o.Operators {
		if _, err := telemetry.ParseOperatorCode(string(code)); err != nil {
			return fmt.Errorf("G-NetTrack options: Operators: %q: %w", name, err)
		}
	}
	if o.SIMOperator != "" {
		if _, err := telemetry.ParseOperatorCode(string(o.SIMOperator)); err != nil {
			return fmt.Errorf("G-NetTrack options: SIMOperator: %w", err)
		}
	}
	return nil
}

// simOperator returns the network of the SIM as far as the options tell.
func (o *GNetTrackOptions) simOperator() telemetry.OperatorCode {
	if o.SIMOperator != "" {
		return o.SIMOperator
	}
	var only telemetry.OperatorCode
	for _, code := range o.Operators {
		if only != "" && only != code {
			return ""
		}
		only = code
	}
	return only
}

// GNetTrackOperators reads from a per-second log which PLMN each operator name
// stands for. A name with two codes is an error: it must be said by hand.
func GNetTrackOperators(r io.Reader, name string) (map[string]telemetry.OperatorCode, error) {
	rows, err := newRowReader(r, name)
	if err != nil {
		return nil, err
	}
	c, err := findGNetColumns(rows.header)
	if err != nil {
		return nil, fmt.Errorf("%s:1: %w", name, err)
	}
	if c.source != GNetTrackSamples {
		return nil, fmt.Errorf("%s: this is the log of %s; only the per-second log says the codes of the operators", name, c.source)
	}
	operators := make(map[string]telemetry.OperatorCode)
	for {
		row, err := rows.next()
		if errors.Is(err, io.EOF) {
			return operators, nil
		}
		if err != nil {
			return nil, err
		}
		if row.fields == nil || c.shifted(row.fields) {
			continue // the import itself reports it
		}
		who := c.value(row.fields, c.operator)
		code, err := telemetry.ParseOperatorCode(c.value(row.fields, c.plmn))
		if who == "" || err != nil {
			continue
		}
		if before, ok := operators[who]; ok && before != code {
			return nil, fmt.Errorf("%s:%d: the operator %q is %s here and %s before; say by hand which it is", name, row.line, clip(who), code, before)
		}
		operators[who] = code
	}
}
