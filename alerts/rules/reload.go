package rules

import (
	"crypto/sha256"
)

// A Reloader follows rule files that people change. It is for one goroutine; the
// caller decides when to look.
type Reloader struct {
	read   func() ([]File, error)
	inUse  [sha256.Size]byte // of the files that were last judged, right or wrong
	before [sha256.Size]byte // of the last look
	broken error
}

// NewReloader returns a reloader of what read returns, and the set that is there now.
// Here a fault of the files is an error, since there is no older set to go on with.
func NewReloader(read func() ([]File, error)) (*Reloader, *Set, error) {
	files, err := read()
	if err != nil {
		return nil, nil, err
	}
	set, err := Parse(files...)
	if err != nil {
		return nil, nil, err
	}
	sum := fingerprint(files, nil)
	return &Reloader{read: read, inUse: sum, before: sum}, set, nil
}

// Look reads the files. It returns a set when they are others than those in force and
// are right, and an error when they are wrong, once for each content: then the set in
// force goes on, whole. Files that changed since the last look are left alone until the
// next, for they may be half written.
func (r *Reloader) Look() (*Set, error) {
	files, err := r.read()
	sum := fingerprint(files, err)
	settled := sum == r.before
	r.before = sum
	if !settled || sum == r.inUse {
		return nil, nil
	}
	r.inUse = sum
	var set *Set
	if err == nil {
		set, err = Parse(files...)
	}
	r.broken = err
	return set, err
}

// Broken returns what is wrong with the files as they are now; nil when those in force
// are those on the disk.
func (r *Reloader) Broken() error { return r.broken }

// fingerprint identifies names and contents, or the error in their place.
func fingerprint(files []File, err error) (sum [sha256.Size]byte) {
	h := sha256.New()
	if err != nil {
		h.Write([]byte(err.Error()))
	}
	for _, f := range files {
		part := sha256.Sum256([]byte(f.Name))
		h.Write(part[:])
		part = sha256.Sum256(f.Data)
		h.Write(part[:])
	}
	h.Sum(sum[:0])
	return sum
}
