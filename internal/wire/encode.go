package wire

import (
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"

	"phusong/telemetry"
)

// AppendPayload appends the native payload of r to dst: what a device would send
// on ReadingTopic(r). The time is written as Unix milliseconds, and left out when
// it is zero, as in a will.
func AppendPayload(dst []byte, r *telemetry.Reading) []byte {
	dst = append(dst, '{')
	dst = appendNative(dst, r)
	return append(trimComma(dst), '}')
}

// AppendPayloads appends an array of native payloads, as a device sends its
// backlog. All readings must be of the same device and channel.
func AppendPayloads(dst []byte, readings []telemetry.Reading) []byte {
	dst = append(dst, '[')
	for i := range readings {
		dst = append(AppendPayload(dst, &readings[i]), ',')
	}
	return append(trimComma(dst), ']')
}

// appendNative leaves a comma behind each member.
func appendNative(dst []byte, r *telemetry.Reading) []byte {
	if !r.Time.IsZero() {
		dst = appendInt(dst, keyTime, r.Time.UnixMilli())
	}
	if seq, ok := r.Seq.Get(); ok {
		dst = appendInt(dst, keySeq, seq)
	}
	fields := telemetry.Fields(r.Kind)
	for i := range fields {
		dst = appendField(dst, fields[i].Name, fields[i].Ref(r))
	}
	return dst
}

func appendField(dst []byte, name string, ref any) []byte {
	switch p := ref.(type) {
	case *telemetry.Opt[float64]:
		if v, ok := p.Get(); ok {
			return append(appendFloat(appendKey(dst, name), v), ',')
		}
	case *telemetry.Opt[int64]:
		if v, ok := p.Get(); ok {
			return appendInt(dst, name, v)
		}
	case *telemetry.Opt[bool]:
		if v, ok := p.Get(); ok {
			return append(strconv.AppendBool(appendKey(dst, name), v), ',')
		}
	case *telemetry.Opt[string]:
		if v, ok := p.Get(); ok {
			return appendMember(dst, name, v)
		}
	case *[]telemetry.Radio:
		if len(*p) > 0 {
			return append(appendRadios(appendKey(dst, name), *p), ',')
		}
	}
	return dst
}

func appendRadios(dst []byte, radios []telemetry.Radio) []byte {
	dst = append(dst, '[')
	fields := telemetry.RadioFields()
	for i := range radios {
		dst = append(dst, '{')
		for j := range fields {
			dst = appendField(dst, fields[j].Name, fields[j].RadioRef(&radios[i]))
		}
		dst = append(trimComma(dst), '}', ',')
	}
	return append(trimComma(dst), ']')
}

func appendKey(dst []byte, key string) []byte {
	dst = append(dst, '"')
	dst = append(dst, key...)
	return append(dst, '"', ':')
}

func appendMember(dst []byte, key, value string) []byte {
	return append(appendString(appendKey(dst, key), value), ',')
}

func appendInt(dst []byte, key string, v int64) []byte {
	return append(strconv.AppendInt(appendKey(dst, key), v, 10), ',')
}

// appendFloat writes a text that reads back as the same number: for what sensors
// send, up to three decimals, by whole numbers, which is several times faster than
// the shortest text of any number.
func appendFloat(dst []byte, v float64) []byte {
	// The text of thousandths/1000 reads as the double nearest to it, and so does the
	// division; so when the division gives v, the text does too.
	if thousandths := math.Round(v * 1000); thousandths/1000 == v && math.Abs(thousandths) < 1<<53 {
		return appendThousandths(dst, int64(thousandths), math.Signbit(v))
	}
	format := byte('f')
	if abs := max(v, -v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, v, format, -1, 64)
}

// appendThousandths writes n/1000 with no more decimals than it needs. The sign is
// told apart because it may be that of zero.
func appendThousandths(dst []byte, n int64, negative bool) []byte {
	if negative {
		dst, n = append(dst, '-'), -n
	}
	dst = strconv.AppendInt(dst, n/1000, 10)
	rest := n % 1000
	if rest == 0 {
		return dst
	}
	dst = append(dst, '.', byte('0'+rest/100))
	if rest%100 != 0 {
		dst = append(dst, byte('0'+rest/10%10))
	}
	if rest%10 != 0 {
		dst = append(dst, byte('0'+rest%10))
	}
	return dst
}

func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, err := json.Marshal(s)
			if err != nil { // a string always marshals
				panic(err)
			}
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

func trimComma(dst []byte) []byte {
	if n := len(dst) - 1; n >= 0 && dst[n] == ',' {
		return dst[:n]
	}
	return dst
}
