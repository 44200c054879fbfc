package telemetry

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxIDLength is the longest device or site id, in bytes.
const MaxIDLength = 64

// A DeviceID names one device for ever: lower-case letters, digits and hyphens,
// beginning with a letter or digit. It is part of the MQTT topic, and the topic
// is the identity.
type DeviceID string

// ParseDeviceID checks s and returns it as a DeviceID.
func ParseDeviceID(s string) (DeviceID, error) {
	if err := checkID(s); err != nil {
		return "", fmt.Errorf("device id %w", err)
	}
	return DeviceID(s), nil
}

// A SiteID names a place; same syntax as a DeviceID.
type SiteID string

// ParseSiteID checks s and returns it as a SiteID.
func ParseSiteID(s string) (SiteID, error) {
	if err := checkID(s); err != nil {
		return "", fmt.Errorf("site id %w", err)
	}
	return SiteID(s), nil
}

func checkID(s string) error {
	switch {
	case s == "":
		return reject("is empty")
	case len(s) > MaxIDLength:
		return reject("is %d bytes long; at most %d are allowed", len(s), MaxIDLength)
	case s[0] == '-':
		return reject("%q begins with a hyphen; begin with a letter or digit", s)
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			letter, _ := utf8.DecodeRuneInString(s[i:])
			return reject("%q holds %q; use a-z, 0-9 and hyphens", s, letter)
		}
	}
	return nil
}

// An AreaCode is the official code of an administrative unit of Việt Nam:
// two digits for a province, five for a commune. The levels are independent: a
// commune's code does not begin with its province's. A code is never reused.
// (Decision 19/2025/QĐ-TTg.)
type AreaCode string

// ParseAreaCode checks s and returns it as an AreaCode.
func ParseAreaCode(s string) (AreaCode, error) {
	if (len(s) != 2 && len(s) != 5) || !isDigits(s) {
		return "", reject("area code %q is neither a province (2 digits) nor a commune (5 digits)", clip(s))
	}
	return AreaCode(s), nil
}

// IsProvince reports whether the code is of province level.
func (c AreaCode) IsProvince() bool { return len(c) == 2 }

// An OperatorCode is the PLMN of a mobile network, MCC and MNC together as
// text, because leading zeros count: "45204" is Viettel. Five or six digits.
type OperatorCode string

// ParseOperatorCode checks s and returns it as an OperatorCode.
func ParseOperatorCode(s string) (OperatorCode, error) {
	if (len(s) != 5 && len(s) != 6) || !isDigits(s) {
		return "", reject("operator %q is not a PLMN; write MCC and MNC together as 5 or 6 digits, such as \"45204\"", clip(s))
	}
	return OperatorCode(s), nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// clip shortens foreign text for an error message.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
