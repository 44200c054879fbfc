package telemetry

import (
	"encoding/base64"
	"strings"
	"time"
)

// A UsersSketch is what the field users_sketch holds: how many different users an
// access point, or a controller for many of them, has had since a month began,
// without saying who. Its text is
//
//	hll1:2026-11:9f3c2a1bd4e5f607:AgoAAA…
//
// the version of this form; the calendar month in Asia/Ho_Chi_Minh; the name of
// the month's salt; and the HyperLogLog sketch in base64. Sketches can be united
// only where month, salt and precision agree, which is why all three are told.
type UsersSketch struct {
	Month string // "2026-11"
	// Salt names the salt, 16 hexadecimal digits, and does not give it away: it is
	// made from the salt by a one-way function.
	Salt string
	// Sketch is version 2 of the binary form of github.com/axiomhq/hyperloglog. Its
	// first four bytes are the version, the precision, 0, and 1 for a sparse or 0
	// for a dense sketch.
	Sketch []byte
}

// The limits of a sketch's parts.
const (
	usersSketchForm   = "hll1"
	sketchVersion     = 2
	saltNameLength    = 16
	leastPrecision    = 4
	mostPrecision     = 18
	sketchHeaderBytes = 8
)

// ParseUsersSketch reads the text of the field users_sketch. Its errors wrap
// [ErrRejected] and never repeat the text: what stands there wrongly may be the
// identity that must not be kept.
func ParseUsersSketch(s string) (UsersSketch, error) {
	u, data, err := splitUsersSketch(s)
	if err != nil {
		return UsersSketch{}, err
	}
	if u.Sketch, err = base64.StdEncoding.DecodeString(data); err != nil {
		return UsersSketch{}, reject("the sketch is not base64")
	}
	return u, nil
}

// splitUsersSketch checks the parts of the text without decoding all of it.
func splitUsersSketch(s string) (u UsersSketch, data string, err error) {
	form, rest, _ := strings.Cut(s, ":")
	month, rest, _ := strings.Cut(rest, ":")
	salt, data, whole := strings.Cut(rest, ":")
	switch {
	case form != usersSketchForm || !whole:
		return u, "", reject("not of the form hll1:MONTH:SALT:BASE64; see the protocol")
	case !isMonth(month):
		return u, "", reject("the month of the sketch is not written like 2026-11")
	case !isSaltName(salt):
		return u, "", reject("the name of the salt is not %d hexadecimal digits in lower case", saltNameLength)
	case !isBase64(data):
		return u, "", reject("the sketch is not base64")
	}
	var head [9]byte // of 12 letters
	n, err := base64.StdEncoding.Decode(head[:], []byte(data[:min(len(data), 12)]))
	switch {
	case err != nil || n < sketchHeaderBytes || head[0] != sketchVersion || head[2] != 0 || head[3] > 1:
		return u, "", reject("the sketch does not begin like a HyperLogLog sketch of version %d", sketchVersion)
	case head[1] < leastPrecision || head[1] > mostPrecision:
		return u, "", reject("the precision of the sketch is outside %d to %d", leastPrecision, mostPrecision)
	}
	return UsersSketch{Month: month, Salt: salt}, data, nil
}

// isBase64 reports whether s is base64 with its padding.
func isBase64(s string) bool {
	if len(s)%4 != 0 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/'
		padding := c == '=' && (i == len(s)-1 || i == len(s)-2 && s[len(s)-1] == '=')
		if !letter && !padding {
			return false
		}
	}
	return true
}

// String returns the text for the wire.
func (u UsersSketch) String() string {
	return usersSketchForm + ":" + u.Month + ":" + u.Salt + ":" + base64.StdEncoding.EncodeToString(u.Sketch)
}

// Precision is the number of bits that choose a register: there are 2 to its
// power of them. It is 0 for a sketch without a header.
func (u UsersSketch) Precision() int {
	if len(u.Sketch) < 2 {
		return 0
	}
	return int(u.Sketch[1])
}

func isMonth(s string) bool {
	_, err := time.Parse("2006-01", s)
	return err == nil && len(s) == len("2006-01")
}

func isSaltName(s string) bool {
	return len(s) == saltNameLength && strings.Trim(s, "0123456789abcdef") == ""
}

func usersSketch(s string) error {
	_, _, err := splitUsersSketch(s)
	return err
}
