package access

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"phusong/telemetry"
)

// An Account is one line of the file: "name:role:areas:hash". A name that begins with @ is
// a token's, for programs.
type Account struct {
	Name  string
	Role  Role
	Areas []telemetry.AreaCode
	Hash  string
}

// IsToken reports whether it is a program's.
func (a *Account) IsToken() bool { return strings.HasPrefix(a.Name, "@") }

func (a *Account) identity() Identity {
	return Identity{Name: a.Name, Role: a.Role, Areas: a.Areas, Token: a.IsToken()}
}

var accountName = regexp.MustCompile(`^@?[a-z0-9][a-z0-9._-]{0,63}$`)

func (a *Account) check() error {
	switch {
	case !accountName.MatchString(a.Name):
		return fmt.Errorf("the name %.80q is none: use lower-case letters, digits, '.', '_' and '-', and @ before the name of a token", a.Name)
	case !slices.Contains(Roles(), a.Role):
		return fmt.Errorf("%s: the role %.40q is none of %v", a.Name, a.Role, Roles())
	case a.Role == Field && len(a.Areas) == 0:
		return fmt.Errorf("%s: field staff need areas, by their codes", a.Name)
	case a.Role == Admin && len(a.Areas) > 0:
		return fmt.Errorf("%s: an administrator has no areas", a.Name)
	}
	for _, code := range a.Areas {
		if _, err := telemetry.ParseAreaCode(string(code)); err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
	}
	if a.IsToken() {
		raw, err := hex.DecodeString(strings.TrimPrefix(a.Hash, tokenHash))
		if err != nil || len(raw) != sha256.Size || !strings.HasPrefix(a.Hash, tokenHash) {
			return fmt.Errorf("%s: %w", a.Name, errHash)
		}
		return nil
	}
	if _, err := parseHash(a.Hash); err != nil {
		return fmt.Errorf("%s: %w", a.Name, err)
	}
	return nil
}

func (a *Account) line() string {
	areas := make([]string, len(a.Areas))
	for i, code := range a.Areas {
		areas[i] = string(code)
	}
	return strings.Join([]string{a.Name, string(a.Role), strings.Join(areas, ","), a.Hash}, ":")
}

const (
	maxAccounts     = 10_000
	maxAccountsFile = 4 << 20
)

// Parse reads accounts, one a line; empty lines and those that begin with # are passed over.
// Errors name the line and never what stands in the place of a hash.
func Parse(text []byte) ([]Account, error) {
	if len(text) > maxAccountsFile {
		return nil, fmt.Errorf("more than %d bytes", maxAccountsFile)
	}
	var all []Account
	seen := make(map[string]bool)
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		parts := strings.Split(line, ":")
		if len(parts) != 4 {
			return nil, fmt.Errorf("line %d: write name:role:areas:hash; phusong accounts does", n)
		}
		a := Account{Name: parts[0], Role: Role(parts[1]), Hash: parts[3]}
		if parts[2] != "" {
			for code := range strings.SplitSeq(parts[2], ",") {
				a.Areas = append(a.Areas, telemetry.AreaCode(code))
			}
		}
		if err := a.check(); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if seen[a.Name] {
			return nil, fmt.Errorf("line %d: %s is there twice", n, a.Name)
		}
		if seen[a.Name] = true; len(all) >= maxAccounts {
			return nil, fmt.Errorf("more than %d accounts", maxAccounts)
		}
		all = append(all, a)
	}
	return all, nil
}

// ReadFile reads the accounts of a file; none when there is no file yet.
func ReadFile(path string) ([]Account, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// WriteFile replaces the file by accounts in the order of their names. A new one is readable
// by its owner only; one that was there keeps who may read it, which may be a service that
// runs as somebody else.
func WriteFile(path string, all []Account) (err error) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Account) int { return strings.Compare(a.Name, b.Name) })
	var text strings.Builder
	text.WriteString("# name:role:areas:hash, written by phusong accounts\n")
	for i := range all {
		if err := all[i].check(); err != nil {
			return err
		}
		text.WriteString(all[i].line() + "\n")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".accounts-*") // only its owner may read it
	if err != nil {
		return err
	}
	_, err = f.WriteString(text.String())
	if old, statErr := os.Stat(path); statErr == nil {
		err = errors.Join(err, f.Chmod(old.Mode().Perm()))
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// A Book is the accounts of a file, which is read again when it has changed. A file that
// became bad changes nothing.
type Book struct {
	path string
	log  *slog.Logger

	mu     sync.RWMutex
	text   []byte
	byName map[string]*Account
	tokens map[[sha256.Size]byte]*Account
}

// OpenBook reads the file. It is an error when it names no account.
func OpenBook(path string, log *slog.Logger) (*Book, error) {
	b := &Book{path: path, log: log}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w; make an account with phusong accounts add", err)
	}
	if err := b.take(text); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

func (b *Book) take(text []byte) error {
	all, err := Parse(text)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return errors.New("nobody could log in: make an account with phusong accounts add")
	}
	byName, tokens := make(map[string]*Account), make(map[[sha256.Size]byte]*Account)
	for i := range all {
		a := &all[i]
		byName[a.Name] = a
		if a.IsToken() {
			raw, _ := hex.DecodeString(strings.TrimPrefix(a.Hash, tokenHash)) // checked
			tokens[[sha256.Size]byte(raw)] = a
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text, b.byName, b.tokens = text, byName, tokens
	return nil
}

// Run follows the file until ctx is done, looking every so often.
func (b *Book) Run(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	told := ""
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		err := b.look()
		if err == nil {
			told = ""
		} else if text := err.Error(); text != told {
			told = text
			b.log.Error("the accounts cannot be read again; those before stay", "file", b.path, "error", err)
		}
	}
}

func (b *Book) look() error {
	text, err := os.ReadFile(b.path)
	if err != nil {
		return err
	}
	b.mu.RLock()
	same := bytes.Equal(text, b.text)
	b.mu.RUnlock()
	if same {
		return nil
	}
	return b.take(text)
}

func (b *Book) account(name string) *Account {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.byName[name]
}

func (b *Book) token(text string) *Account {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.tokens[digest(text)]
}
