package alertmanager

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// saveEvery bounds how often changed state is written. A machine that dies may forget what it did in
// this time: it then repeats a message, and never swallows one.
const saveEvery = 250 * time.Millisecond

// wakeKeeper says that silences or sent notifications changed. It never waits: it is called under
// the locks of both.
func (e *Embedded) wakeKeeper() {
	select {
	case e.changed <- struct{}{}:
	default: // it is awake already
	}
}

// keepFiles writes changes soon after they happen. Alertmanager alone writes every quarter of an
// hour, and a power cut would undo the silences of that time and repeat its messages.
func (e *Embedded) keepFiles(stop <-chan struct{}) {
	pause := time.NewTicker(saveEvery)
	defer pause.Stop()
	for {
		select {
		case <-e.changed:
		case <-stop:
			return // the last state is saved by the maintenance of both
		}
		_, sentErr := e.save("nflog", e.sent.Snapshot)
		_, silencesErr := e.save("silences", e.silences.Snapshot)
		if err := errors.Join(sentErr, silencesErr); err != nil {
			e.log.Error("Saving silences and sent notifications failed; a restart would forget the last ones", "err", err)
			e.wakeKeeper()
		}
		select {
		case <-pause.C:
		case <-stop:
			return
		}
	}
}

func (e *Embedded) collectSent() (int64, error) {
	if _, err := e.sent.GC(); err != nil {
		return 0, err
	}
	return e.save("nflog", e.sent.Snapshot)
}

func (e *Embedded) collectSilences() (int64, error) {
	if _, err := e.silences.GC(); err != nil {
		return 0, err
	}
	return e.save("silences", e.silences.Snapshot)
}

// save replaces a file as a whole; it is on disk when save returns.
func (e *Embedded) save(name string, snapshot func(io.Writer) (int64, error)) (int64, error) {
	e.saving.Lock()
	defer e.saving.Unlock()
	var size int64
	err := replaceFile(e.path(name), func(w io.Writer) (err error) {
		size, err = snapshot(w)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("saving %s: %w", name, err)
	}
	return size, nil
}

// replaceFile writes a file that is either the old or the new one after a power cut.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // it is of no use; the error says why
		}
	}()
	buffered := bufio.NewWriter(f)
	err = write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	return dir.Sync()
}
