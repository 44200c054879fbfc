package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Costs of a password: the second of OWASP's recommended settings for Argon2id.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonThreads = 1
	argonKey     = 32
	argonSalt    = 16
	// The most that a file may ask for, so that a line in it cannot stop the service.
	maxArgonMemory, maxArgonTime, maxArgonThreads = 256 * 1024, 16, 8
)

const (
	minPassword = 10
	maxPassword = 256
)

var b64 = base64.RawStdEncoding

// HashPassword returns the PHC string of Argon2id with a new salt.
func HashPassword(password string) (string, error) {
	if n := len([]rune(password)); n < minPassword || len(password) > maxPassword {
		return "", fmt.Errorf("a password has %d characters at least and %d bytes at most", minPassword, maxPassword)
	}
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

type argonHash struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

var errHash = errors.New("the hash is none that phusong accounts makes")

func parseHash(text string) (h argonHash, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return h, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.time, &h.threads); err != nil {
		return h, errHash
	}
	if h.memory < 8 || h.memory > maxArgonMemory || h.time < 1 || h.time > maxArgonTime || h.threads < 1 || h.threads > maxArgonThreads {
		return h, errHash
	}
	if h.salt, err = b64.DecodeString(parts[4]); err != nil || len(h.salt) < 8 {
		return h, errHash
	}
	if h.key, err = b64.DecodeString(parts[5]); err != nil || len(h.key) < 16 || len(h.key) > 64 {
		return h, errHash
	}
	return h, nil
}

// holds reports whether the password is the one, in a time that does not tell.
func (h *argonHash) holds(password string) bool {
	key := argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.threads, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(key, h.key) == 1
}

// secret returns 256 random bits as text.
func secret() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}

// digest is how secrets of 256 random bits are kept: they need no slow hash.
func digest(text string) [sha256.Size]byte { return sha256.Sum256([]byte(text)) }

const tokenHash = "sha256$"

// tokenPrefix lets people and scanners recognise a token that lies about.
const tokenPrefix = "phusong_"

// NewToken returns a token and what the file keeps of it.
func NewToken() (token, hash string) {
	token = tokenPrefix + secret()
	d := digest(token)
	return token, tokenHash + hex.EncodeToString(d[:])
}
