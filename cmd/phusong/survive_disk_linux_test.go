package main_test

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"phusong/internal/testbed"
)

// smallDisk tells a copy of this test binary that it lives in a mount namespace of
// its own, where small disks may be mounted.
const smallDisk = "PHUSONG_TEST_SMALL_DISK"

// A disk becomes full under the service in full flow, and has room again: the
// stream's, the store's, or the one of both. The tests run in a namespace of
// their own, where mounting is allowed and forgotten at the end.
func TestSurvivesFullDisk(t *testing.T) {
	if os.Getenv(smallDisk) != "" {
		t.Run("of the stream", func(t *testing.T) { t.Parallel(); streamDiskFull(t) })
		t.Run("of the store", func(t *testing.T) { t.Parallel(); storeDiskFull(t) })
		t.Run("of both", func(t *testing.T) { t.Parallel(); dataDiskFull(t) })
		return
	}
	t.Parallel()
	testbed.Slow(t)
	testbed.Binary(t) // built before, so that three tests do not wait for it
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSurvivesFullDisk$", "-test.v")
	again.Env = append(os.Environ(), smallDisk+"=yes")
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		again.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		again.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		again.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	output, err := again.CombinedOutput()
	var status *exec.ExitError
	switch {
	case errors.As(err, &status) && status.ExitCode() == exitNoMount, err != nil && status == nil:
		if os.Getenv("CI") == "true" {
			t.Fatalf("a small disk cannot be mounted here, and CI=true forbids to skip: %v\n%s", err, output)
		}
		t.Skipf("a small disk cannot be mounted here (needs root or user namespaces): %v", err)
	case err != nil:
		t.Fatalf("%v\n%s", err, output)
	}
	t.Logf("%s", output)
}

const exitNoMount = 77

// Without room for the stream nothing is acknowledged: the broker keeps it.
func streamDiskFull(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	disk := mountSmallDisk(t, filepath.Join(data, "stream"))
	w, f := townOnDisk(t, data)
	for range 2 {
		fill := disk.fill(t)
		f.more()
		w.process.WaitLog("the stream does not take readings; the broker has to wait")
		w.awaitUnready("stream")
		f.more()
		fill.free(t)
		w.awaitFlow()
	}
	w.settle(f)
}

// Without room for the store readings wait in the stream, and that is no reason not to
// be ready.
func storeDiskFull(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	disk := mountSmallDisk(t, data)
	bindFolder(t, t.TempDir(), filepath.Join(data, "stream"))
	w, f := townOnDisk(t, data)
	fill := disk.fill(t)
	f.more()
	w.process.WaitLog("the store does not take readings; they wait in the stream")
	w.awaitAtLeast("phusong_readings_waiting", 2000)
	w.mustSpool()
	f.more()
	fill.free(t)
	w.awaitFlow()
	w.settle(f)
}

func dataDiskFull(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	disk := mountSmallDisk(t, data)
	w, f := townOnDisk(t, data)
	fill := disk.fill(t)
	f.more()
	w.process.WaitLog("the stream does not take readings; the broker has to wait")
	w.awaitUnready("stream")
	f.more()
	fill.free(t)
	w.awaitFlow()
	w.settle(f)
}

func townOnDisk(t *testing.T, data string) (*town, *fleet) {
	w := newTown(t, townOptions{Data: data})
	w.start()
	f := newFleet(t, w.broker.URL())
	f.begin(1)
	w.awaitAtLeast("phusong_readings_stored_total", 500)
	return w, f
}

// awaitFlow waits until readings go all the way again.
func (w *town) awaitFlow() {
	w.t.Helper()
	stored, err := w.metric("phusong_readings_stored_total")
	if err != nil {
		w.t.Fatal(err)
	}
	w.awaitAtLeast("phusong_readings_stored_total", stored+500)
	if code, parts, err := w.readiness(); err != nil || code != http.StatusOK {
		w.t.Errorf("/readyz answers %d %v (%v) with room on the disk, want 200", code, parts, err)
	}
}

// disk is a small file system.
type disk struct{ dir string }

func mountSmallDisk(t *testing.T, dir string) disk {
	t.Helper()
	makeFolder(t, dir)
	err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	if err == nil {
		err = syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m")
	}
	noMount(t, err)
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return disk{dir}
}

// bindFolder shows what is in from at to.
func bindFolder(t *testing.T, from, to string) {
	t.Helper()
	makeFolder(t, to)
	noMount(t, syscall.Mount(from, to, "", syscall.MS_BIND, ""))
	t.Cleanup(func() { _ = syscall.Unmount(to, syscall.MNT_DETACH) })
}

func makeFolder(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}

func noMount(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Logf("mounting a small disk: %v", err)
		os.Exit(exitNoMount)
	}
}

// filler takes all room that a disk has left.
type filler struct{ path string }

func (d disk) fill(t *testing.T) filler {
	t.Helper()
	f := filler{filepath.Join(d.dir, "filler")}
	file, err := os.Create(f.path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	chunk := make([]byte, 64<<10)
	for len(chunk) > 0 {
		if _, err := file.Write(chunk); err != nil {
			chunk = chunk[:len(chunk)/2] // to the last byte
		}
	}
	return f
}

func (f filler) free(t *testing.T) {
	t.Helper()
	if err := os.Remove(f.path); err != nil {
		t.Fatal(err)
	}
}
