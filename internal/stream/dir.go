package stream

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// tryWrite writes and fsyncs a small file: what a disk says of itself does not
// cover quotas, read-only mounts and broken hardware.
func tryWrite(dir string) error {
	name := filepath.Join(dir, "probe")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("trying to write to the disk of the stream: %w", err)
	}
	_, err = f.Write(make([]byte, 64<<10))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close(), os.Remove(name)); err != nil {
		return fmt.Errorf("trying to write to the disk of the stream: %w", err)
	}
	return nil
}

func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // a directory cannot be fsynced there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
