package stream_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"phusong/internal/stream"
)

// smallDisk tells a copy of this test binary that it lives in a mount
// namespace of its own, and where a small disk may be mounted.
const smallDisk = "PHUSONG_STREAM_TEST_SMALL_DISK"

// TestFullDisk runs itself again where mounting is allowed and forgotten at the end.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv(smallDisk); dir != "" {
		mountSmallDisk(t, dir)
		fullDisk(t, dir)
		return
	}
	t.Parallel()
	again := exec.CommandContext(testContext(t), os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
	again.Env = append(os.Environ(), smallDisk+"="+t.TempDir())
	again.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS,
		Pdeathsig:  syscall.SIGKILL,
	}
	if os.Getuid() != 0 {
		again.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		again.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		again.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	out, err := again.CombinedOutput()
	var status *exec.ExitError
	switch {
	case errors.As(err, &status) && status.ExitCode() == exitNoMount, err != nil && status == nil:
		if os.Getenv("CI") == "true" {
			t.Fatalf("a small disk cannot be mounted here, and CI=true forbids to skip: %v\n%s", err, out)
		}
		t.Skipf("a small disk cannot be mounted here (needs root or user namespaces): %v\n%s", err, out)
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

const exitNoMount = 77

func mountSmallDisk(t *testing.T, dir string) {
	err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	if err == nil {
		err = syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=40m")
	}
	if err != nil {
		fmt.Println("mounting a small disk:", err)
		os.Exit(exitNoMount)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// fullDisk fills the disk under a server in full flow, three times, and frees it again.
func fullDisk(t *testing.T, disk string) {
	dir := filepath.Join(disk, "stream")
	s := open(t, stream.Options{Dir: dir})
	l := openLog(t, s, stream.LogOptions{Name: "readings"})
	follower := openReader(t, l, 1)
	var acknowledged []uint64
	for round := range 3 {
		fillDisk(t, disk, 300<<10)
		err := appendUntilError(t, l, &acknowledged)
		t.Logf("round %d: %d entries acknowledged, then: %v", round, len(acknowledged), err)
		if !errors.Is(err, stream.ErrUnavailable) {
			t.Fatalf("Append on a full disk: %v, want ErrUnavailable", err)
		}
		if err := s.Healthy(); !errors.Is(err, stream.ErrUnavailable) {
			t.Errorf("Healthy on a full disk: %v, want ErrUnavailable", err)
		}
		// Refusing must be quick: a caller holds a broker's window meanwhile.
		began := time.Now()
		if _, err := l.Append(testContext(t), "", []byte("x"), 1); err == nil {
			t.Error("Append on a full disk worked")
		}
		if err := l.SavePosition(testContext(t), "store", 1); err == nil {
			t.Error("SavePosition on a full disk worked")
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("refusing two writes took %s", took)
		}
		// Who reads is not disturbed by who cannot write.
		checkAll(t, l, acknowledged)

		freeDisk(t, disk)
		began = time.Now()
		awaitAppend(t, l, &acknowledged)
		t.Logf("round %d: writable %s after space returned", round, time.Since(began))
		if err := s.Healthy(); err != nil {
			t.Errorf("Healthy after space returned: %v", err)
		}
		checkAll(t, l, acknowledged)
		if err := l.SavePosition(testContext(t), "store", uint64(round+1)); err != nil {
			t.Errorf("SavePosition after space returned: %v", err)
		}
	}
	// The reader that was there all the time saw each entry once, in order.
	for want := uint64(1); want <= acknowledged[len(acknowledged)-1]; want++ {
		e, err := follower.Next(testContext(t))
		if err != nil || e.Seq != want || !isWhole(string(e.Data)) {
			t.Fatalf("follower: entry %d, %v; want %d", e.Seq, err, want)
		}
	}

	// A process that starts while the disk is full must touch nothing.
	fillDisk(t, disk, 0)
	_ = appendUntilError(t, l, &acknowledged)
	closeServer(t, s)
	if _, err := stream.Open(testContext(t), stream.Options{Dir: dir}); err == nil {
		t.Error("Open on a full disk worked")
	} else {
		t.Logf("Open on a full disk: %v", err)
	}
	freeDisk(t, disk)
	s = open(t, stream.Options{Dir: dir})
	l = openLog(t, s, stream.LogOptions{Name: "readings"})
	checkAll(t, l, acknowledged)
	if pos, err := l.Position(testContext(t), "store"); pos != 3 || err != nil {
		t.Errorf("Position: %d, %v; want 3", pos, err)
	}
}

func fillDisk(t *testing.T, disk string, leave uint64) {
	t.Helper()
	f, err := os.Create(filepath.Join(disk, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var st syscall.Statfs_t
	if err := syscall.Statfs(disk, &st); err != nil {
		t.Fatal(err)
	}
	free := st.Bavail * uint64(st.Bsize)
	if free <= leave {
		t.Fatalf("only %d bytes are free", free)
	}
	for chunk := make([]byte, 4<<10); free > leave; free -= uint64(len(chunk)) {
		if _, err := f.Write(chunk); err != nil {
			return // as full as it gets
		}
	}
}

func freeDisk(t *testing.T, disk string) {
	t.Helper()
	if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
		t.Fatal(err)
	}
}

func appendUntilError(t *testing.T, l *stream.Log, acknowledged *[]uint64) error {
	t.Helper()
	for i := 0; ; i++ {
		seq, err := l.Append(testContext(t), "", []byte(selfChecking(fmt.Sprint(i), 5000)), 1)
		if err != nil {
			return err
		}
		*acknowledged = append(*acknowledged, seq)
	}
}

// awaitAppend tries until an Append works. Nothing tells when space returned:
// callers find out by trying, and so does this test.
func awaitAppend(t *testing.T, l *stream.Log, acknowledged *[]uint64) {
	t.Helper()
	ctx := testContext(t)
	for {
		seq, err := l.Append(ctx, "", []byte(selfChecking("back", 100)), 1)
		if err == nil {
			*acknowledged = append(*acknowledged, seq)
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("never writable again: %v; %v", context.Cause(ctx), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
