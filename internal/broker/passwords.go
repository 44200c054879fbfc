package broker

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
)

const (
	// verifiedKept is how many verified passwords each of the two generations of the cache holds.
	verifiedKept = 16384
	// longestPassword is as much of a password as bcrypt looks at.
	longestPassword = 72
)

// Passwords verifies users against a file of user:hash lines as htpasswd -B writes them. Empty lines
// and lines that begin with # are skipped; everything else must be right. The file is read again
// when it has changed; when it is then found wrong, the old contents stay in force and the reason is
// logged once.
//
// bcrypt is slow by design. What was verified is remembered, as a keyed hash in bounded memory, so
// that thousands of devices reconnecting after an outage cost little; at most half of the processors
// work on the rest. Methods may be called by any number of goroutines.
type Passwords struct {
	path  string
	log   *slog.Logger
	key   []byte        // of the cache; it dies with the process
	slots chan struct{} // one for each bcrypt at work

	mu   sync.Mutex
	seen fs.FileInfo // of the file as last read, well or badly
	// unsettled: it was changed so lately that the next change may look the same.
	unsettled bool
	fault     string // of the file as last read, told already
	hashes    map[string][]byte
	recent    map[digest]struct{} // verified lately
	earlier   map[digest]struct{} // verified before that; dropped when recent is full
}

type digest [sha256.Size]byte

// OpenPasswords reads the file. Its errors name the file and the line, and quote neither hash nor
// password. A nil logger discards.
func OpenPasswords(path string, log *slog.Logger) (*Passwords, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	p := &Passwords{
		path:   path,
		log:    log,
		key:    make([]byte, sha256.Size),
		slots:  make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		recent: make(map[digest]struct{}),
	}
	if _, err := rand.Read(p.key); err != nil {
		return nil, fmt.Errorf("opening password file: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("opening password file: %w", err)
	}
	p.see(info)
	if p.hashes, err = readPasswords(path); err != nil {
		return nil, err
	}
	return p, nil
}

// Verify reports whether the password is the user's.
//
// An unknown user is refused without the work of bcrypt: that tells apart who exists, which the
// names on the devices do anyway, and keeps guessing of names from eating the processor.
func (p *Passwords) Verify(user, password string) bool {
	p.refresh()
	hash := p.hash(user)
	if hash == nil || len(password) > longestPassword {
		return false
	}
	id := p.digest(user, hash, password)
	if p.verified(id) {
		return true
	}
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	if bcrypt.CompareHashAndPassword(hash, []byte(password)) != nil {
		return false
	}
	p.remember(id)
	return true
}

func (p *Passwords) hash(user string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hashes[user]
}

// digest names a verified password. The hash is part of it, so a changed password is a new name.
func (p *Passwords) digest(user string, hash []byte, password string) digest {
	mac := hmac.New(sha256.New, p.key)
	for _, part := range [][]byte{[]byte(user), hash, []byte(password)} {
		fmt.Fprintf(mac, "%d:", len(part)) // never fails
		mac.Write(part)
	}
	return digest(mac.Sum(nil))
}

func (p *Passwords) verified(id digest) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.recent[id]; ok {
		return true
	}
	_, ok := p.earlier[id]
	if ok {
		p.rememberLocked(id)
	}
	return ok
}

func (p *Passwords) remember(id digest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rememberLocked(id)
}

func (p *Passwords) rememberLocked(id digest) {
	if len(p.recent) >= verifiedKept {
		p.earlier, p.recent = p.recent, make(map[digest]struct{})
	}
	p.recent[id] = struct{}{}
}

// settled is how old a change must be: another one within a tick of the file system's clock
// would look like the same file.
const settled = 100 * time.Millisecond

// see remembers which file is read next.
func (p *Passwords) see(info fs.FileInfo) {
	age := time.Since(info.ModTime())
	p.seen, p.unsettled = info, age >= 0 && age < settled
}

// refresh reads the file again if it is not the one that was read last.
func (p *Passwords) refresh() {
	info, err := os.Stat(p.path)
	if err != nil {
		return // it is being replaced, or gone: what we have stays in force
	}
	p.mu.Lock()
	same := !p.unsettled && os.SameFile(info, p.seen) && info.ModTime().Equal(p.seen.ModTime()) && info.Size() == p.seen.Size()
	p.see(info)
	p.mu.Unlock()
	if same {
		return
	}
	hashes, err := readPasswords(p.path)
	if err != nil {
		p.mu.Lock()
		told := p.fault == err.Error()
		p.fault = err.Error()
		p.mu.Unlock()
		if !told {
			p.log.Error("the changed password file is wrong; the old one stays in force", "error", err)
		}
		return
	}
	p.mu.Lock()
	p.fault = ""
	latest := p.seen == info // otherwise somebody is reading a newer one
	changed := latest && !maps.EqualFunc(hashes, p.hashes, bytes.Equal)
	if changed {
		p.hashes = hashes
	}
	p.mu.Unlock()
	if !changed {
		return
	}
	p.log.Info("read the changed password file", "file", p.path, "users", len(hashes))
}

func readPasswords(path string) (map[string][]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading password file: %w", err)
	}
	hashes := make(map[string][]byte)
	lines := bufio.NewScanner(bytes.NewReader(data))
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		user, hash, err := parsePassword(line)
		if err == nil && hashes[user] != nil {
			err = fmt.Errorf("user %q stands twice", user)
		}
		if err != nil {
			return nil, fmt.Errorf("password file %s, line %d: %w", path, number, err)
		}
		hashes[user] = hash
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("password file %s: %w", path, err)
	}
	return hashes, nil
}

func parsePassword(line string) (user string, hash []byte, err error) {
	user, text, found := strings.Cut(line, ":")
	if !found || user == "" {
		return "", nil, errors.New("not of the form user:hash")
	}
	hash = []byte(text)
	if _, err := bcrypt.Cost(hash); err != nil {
		return "", nil, fmt.Errorf("user %q: not a bcrypt hash; make it with htpasswd -B", user)
	}
	return user, hash, nil
}
