package main

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// An imageFile is where the watcher keeps the image of its rooms: one ZIP archive with
// a file for each room, and one that says where in the stream they were. It is
// replaced as a whole, so that there is no mixture of two; what is torn or altered is
// found by its checksums.
type imageFile string

// imageHead says what an image is of.
type imageHead struct {
	Position uint64 `json:"position"`
	// Entry is the time of the entry at that position, by which its stream is known again.
	Entry time.Time `json:"entry"`
	// Clock is the latest time of all entries up to there.
	Clock time.Time `json:"clock"`
	Saved time.Time `json:"saved"`
}

// imagePart is what one room has to write.
type imagePart struct {
	name  string
	write func(io.Writer) error
}

const (
	imageHeadName = "watch.json"
	imageDraft    = ".draft-*"
)

// errBadImage is wrapped when a file is not an image, or not one of this stream.
var errBadImage = errors.New("the image cannot be used")

// write replaces the image. When it returns nil the new one is on the disk.
func (f imageFile) write(head imageHead, parts []imagePart) error {
	dir := filepath.Dir(string(f))
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("keeping the watcher's image: %w", err)
	}
	draft, err := os.CreateTemp(dir, imageDraft)
	if err != nil {
		return fmt.Errorf("keeping the watcher's image: %w", err)
	}
	err = errors.Join(writeImage(draft, head, parts), draft.Sync(), draft.Close())
	if err == nil {
		err = os.Rename(draft.Name(), string(f))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keeping the watcher's image: %w", err), os.Remove(draft.Name()))
	}
	return syncFolder(dir)
}

func writeImage(w io.Writer, head imageHead, parts []imagePart) error {
	archive := zip.NewWriter(w)
	file := func(name string) (io.Writer, error) {
		return archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: head.Saved.UTC()})
	}
	for _, p := range parts {
		part, err := file(p.name)
		if err == nil {
			err = p.write(part)
		}
		if err != nil {
			return fmt.Errorf("room %s: %w", p.name, err)
		}
	}
	part, err := file(imageHeadName)
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(part).Encode(head), archive.Close())
}

// syncFolder makes a rename durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrInvalid) {
		err = nil // not every file system lets a folder be synced
	}
	return errors.Join(err, d.Close())
}

// An image is one that is open to be read.
type image struct {
	head  imageHead
	file  *zip.ReadCloser
	parts map[string]*zip.File
}

// open checks every byte of the image. Without a file it returns nil and no error;
// the error wraps errBadImage when the file is not whole.
func (f imageFile) open() (*image, error) {
	f.sweep()
	archive, err := zip.OpenReader(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBadImage, err)
	}
	i := &image{file: archive, parts: make(map[string]*zip.File)}
	for _, part := range archive.File {
		i.parts[part.Name] = part
	}
	if err := i.check(); err != nil {
		i.Close()
		return nil, fmt.Errorf("%w: %w", errBadImage, err)
	}
	return i, nil
}

// check reads everything once: an archive finds out about a wrong byte at the end of a
// file, when a room would have believed it.
func (i *image) check() error {
	for name, part := range i.parts {
		r, err := part.Open()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if name == imageHeadName {
			err = json.NewDecoder(r).Decode(&i.head)
		}
		_, rest := io.Copy(io.Discard, r)
		if err := errors.Join(err, rest, r.Close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if i.head.Position == 0 {
		return errors.New("it does not say where in the stream it was taken")
	}
	return nil
}

// restore lets the tenant's room read its part.
func (i *image) restore(t tenant) error {
	part := i.parts[t.name]
	if part == nil {
		return errNoImage
	}
	r, err := part.Open()
	if err != nil {
		return err
	}
	return errors.Join(t.room.Restore(r), r.Close())
}

// Close gives the file back.
func (i *image) Close() { _ = i.file.Close() } // it was only read

// remove deletes the image.
func (f imageFile) remove() { _ = os.Remove(string(f)) } // what cannot be removed is refused by its position

// sweep removes what a process left behind that died while it wrote.
func (f imageFile) sweep() {
	drafts, _ := filepath.Glob(filepath.Join(filepath.Dir(string(f)), imageDraft))
	for _, draft := range drafts {
		_ = os.Remove(draft)
	}
}
