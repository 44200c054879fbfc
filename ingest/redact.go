package ingest

import (
	"bytes"
	"strings"
)

// Nobody may be recognised from what we keep. A reading has no field for the
// hardware address of somebody's telephone, but a message that is refused is kept
// as it came, and a careless access point may have put its list of stations in it.

// redact returns data with each hardware address in it made unreadable: the usual
// forms 00:1a:2b:3c:4d:5e, 00-1a-2b-3c-4d-5e and 001a.2b3c.4d5e, and twelve
// hexadecimal digits as the whole of a quoted text unless they are the device's own
// name, which stands in the topic. The length stays, so that the rest of a message
// can still be replayed. data is not changed; it is returned itself when there is
// nothing in it.
func redact(data []byte, topic string) []byte {
	var clean []byte
	for i := 0; i < len(data); i++ {
		n := addressAt(data, i, topic)
		if n == 0 {
			continue
		}
		if clean == nil {
			clean = bytes.Clone(data)
		}
		for j := i; j < i+n; j++ {
			if isHex(data[j]) {
				clean[j] = 'x'
			}
		}
		i += n - 1
	}
	if clean == nil {
		return data
	}
	return clean
}

// addressAt returns the length of the hardware address that begins at i, 0 if none
// does.
func addressAt(data []byte, i int, topic string) int {
	if !isHex(data[i]) || (i > 0 && isHex(data[i-1])) {
		return 0
	}
	rest := data[i:]
	switch {
	case len(rest) > 2 && (rest[2] == ':' || rest[2] == '-') && grouped(rest, 2, 17):
		return 17
	case len(rest) > 4 && rest[4] == '.' && grouped(rest, 4, 14):
		return 14
	}
	const bare = 12
	if i > 0 && data[i-1] == '"' && len(rest) > bare && rest[bare] == '"' && grouped(rest, bare, bare) && !strings.Contains(topic, string(rest[:bare])) {
		return bare
	}
	return 0
}

// grouped reports whether data begin with so many bytes of hexadecimal digits in
// groups with the same mark between them, and no digit follows.
func grouped(data []byte, group, length int) bool {
	if len(data) < length || (len(data) > length && isHex(data[length])) {
		return false
	}
	for i, c := range data[:length] {
		if i%(group+1) == group {
			if c != data[group] {
				return false
			}
		} else if !isHex(c) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
