package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"phusong/ingest"
	"phusong/internal/stream"
	"phusong/internal/testbed"
	"phusong/internal/wire"
	"phusong/telemetry"
)

// diary is a room that remembers what it saw, and nothing else.
type diary struct {
	mu   sync.Mutex
	seen []string
	back bool // the clock went back
	last time.Time
	hold chan struct{} // writing waits for it, when it is set
}

func (d *diary) Observe(at time.Time, readings []telemetry.Reading) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.back = d.back || at.Before(d.last)
	d.last = at
	if len(readings) == 0 {
		d.seen = append(d.seen, "tick")
	}
	for i := range readings {
		d.seen = append(d.seen, string(readings[i].Device))
	}
}

func (d *diary) Snapshot() func(io.Writer) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	text, err := json.Marshal(d.seen)
	return func(w io.Writer) error {
		if d.hold != nil {
			<-d.hold
		}
		_, writeErr := w.Write(text)
		return errors.Join(err, writeErr)
	}
}

func (d *diary) Restore(r io.Reader) error {
	var seen []string
	if err := json.NewDecoder(r).Decode(&seen); err != nil {
		return err
	}
	d.seen = seen
	return nil
}

func (d *diary) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.seen, " ")
}

// A post is a stream with a watcher on it that can be stopped and started.
type post struct {
	t      *testing.T
	server *stream.Server
	log    *stream.Log
	image  imageFile
	stored uint64
	said   *strings.Builder
}

func newPost(t *testing.T) *post {
	t.Helper()
	server, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closeStream(context.Background(), server); err != nil {
			t.Error(err)
		}
	})
	p := &post{t: t, server: server, image: imageFile(filepath.Join(t.TempDir(), "watch", "image.zip")), said: new(strings.Builder)}
	p.log = p.open("readings")
	return p
}

func (p *post) open(name string) *stream.Log {
	p.t.Helper()
	log, err := p.server.Log(p.t.Context(), stream.LogOptions{Name: name, MaxBytes: 1 << 30})
	if err != nil {
		p.t.Fatal(err)
	}
	return log
}

// say appends an entry for each word: a reading of a device with that name, or a tick.
func (p *post) say(words ...string) {
	p.t.Helper()
	for _, word := range words {
		var readings []telemetry.Reading
		if word != "tick" {
			r := telemetry.NewReading(telemetry.KindWiFi)
			r.Device, r.Area, r.Time, r.Received = telemetry.DeviceID(word), "80", time.Now(), time.Now()
			readings = append(readings, r)
		}
		if _, err := p.log.Append(p.t.Context(), "", wire.AppendRecords(nil, readings), len(readings)); err != nil {
			p.t.Fatal(err)
		}
	}
}

// watcher makes one; what it rebuilds begins with the words.
func (p *post) watcher(rebuilt string, rooms map[string]*diary) *watcher {
	p.t.Helper()
	var tenants []tenant
	for _, name := range []string{"first", "second"} {
		if d := rooms[name]; d != nil {
			tenants = append(tenants, tenant{name, d, func(context.Context) error {
				d.seen = strings.Fields(rebuilt)
				return nil
			}})
		}
	}
	w, err := newWatcher(p.t.Context(), watcherOptions{
		Tenants: tenants, Image: p.image, Stored: p.stored, Log: p.log, Every: time.Hour,
		Logger: slog.New(slog.NewTextHandler(p.said, nil)),
		Open: func(ctx context.Context, from uint64) (ingest.Source, error) {
			r, err := p.log.Reader(ctx, from)
			if err != nil {
				return nil, err
			}
			p.t.Cleanup(r.Close)
			return source{r}, nil
		},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return w
}

// watchUntil runs the watcher until it has come to the end of the log, and stops it.
func (p *post) watchUntil(w *watcher) {
	p.t.Helper()
	state, err := p.log.State(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(p.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	testbed.Eventually(p.t, testbed.Patience, func() error {
		if at := w.counted.position.Load(); at < state.Last {
			return fmt.Errorf("the watcher is at %d of %d", at, state.Last)
		}
		return nil
	})
	stop()
	if err := <-ended; err != nil {
		p.t.Fatal(err)
	}
}

func (p *post) check(d *diary, want string) {
	p.t.Helper()
	if diff := cmp.Diff(want, d.text()); diff != "" {
		p.t.Errorf("the room saw (-want +got):\n%s", diff)
	}
	if d.back {
		p.t.Error("the clock went back")
	}
}

// Stopped and started again, the rooms see every entry once, in order.
func TestWatcherGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.say("a", "tick", "b")
	first, second := new(diary), new(diary)
	p.watchUntil(p.watcher("", map[string]*diary{"first": first, "second": second}))
	p.say("c", "tick")
	p.stored = 3
	first, second = new(diary), new(diary)
	p.watchUntil(p.watcher("rebuilt", map[string]*diary{"first": first, "second": second}))
	p.check(first, "a tick b c tick")
	p.check(second, "a tick b c tick")
	p.say("d")
	first, second = new(diary), new(diary)
	p.watchUntil(p.watcher("rebuilt", map[string]*diary{"first": first, "second": second}))
	p.check(first, "a tick b c tick d")
}

// A room that moves in is rebuilt from the store and goes on from there, before or
// behind the others, who see nothing twice.
func TestWatcherRebuildsTheRoomWithoutAnImage(t *testing.T) {
	t.Parallel()
	for stored, want := range map[uint64]string{1: "store b c d", 3: "store d"} {
		t.Run(fmt.Sprint(stored), func(t *testing.T) {
			t.Parallel()
			p := newPost(t)
			p.say("a", "b")
			first := new(diary)
			p.watchUntil(p.watcher("", map[string]*diary{"first": first}))
			p.say("c", "d")
			p.stored = stored
			first, second := new(diary), new(diary)
			p.watchUntil(p.watcher("store", map[string]*diary{"first": first, "second": second}))
			p.check(first, "a b c d")
			p.check(second, want)
			// Both are of one position again.
			p.say("e")
			first, second = new(diary), new(diary)
			p.watchUntil(p.watcher("wrong", map[string]*diary{"first": first, "second": second}))
			p.check(first, "a b c d e")
			p.check(second, want+" e")
		})
	}
}

// Stopped before the rebuilt room has caught up, no image may say where both are.
func TestWatcherKeepsNoImageOfRoomsApart(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.say("a", "b", "c")
	p.watchUntil(p.watcher("", map[string]*diary{"first": new(diary)}))
	w := p.watcher("store", map[string]*diary{"first": new(diary), "second": new(diary)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Run(ctx); err != nil {
		t.Fatal(err)
	}
	first, second := new(diary), new(diary)
	p.watchUntil(p.watcher("store", map[string]*diary{"first": first, "second": second}))
	p.check(first, "a b c")
	p.check(second, "store a b c")
}

// What was torn, altered, mixed or made beside another stream is refused as a whole,
// and the log says so.
func TestWatcherRefusesABadImage(t *testing.T) {
	t.Parallel()
	flip := func(at func(size int) int) func(t *testing.T, p *post) {
		return func(t *testing.T, p *post) {
			t.Helper()
			data, err := os.ReadFile(string(p.image))
			if err != nil {
				t.Fatal(err)
			}
			data[at(len(data))] ^= 0x20
			write(t, string(p.image), string(data))
		}
	}
	for name, damage := range map[string]func(*testing.T, *post){
		"gone": func(t *testing.T, p *post) {
			t.Helper()
			if err := os.Remove(string(p.image)); err != nil {
				t.Fatal(err)
			}
		},
		"empty": func(t *testing.T, p *post) { t.Helper(); write(t, string(p.image), "") },
		"torn": func(t *testing.T, p *post) {
			t.Helper()
			data, err := os.ReadFile(string(p.image))
			if err != nil {
				t.Fatal(err)
			}
			write(t, string(p.image), string(data[:len(data)/2]))
		},
		"a byte of a room":   flip(func(int) int { return 60 }),
		"a byte at the end":  flip(func(n int) int { return n - 40 }),
		"of another stream":  func(_ *testing.T, p *post) { p.log = p.open("others"); p.say("x", "y", "z") },
		"of a longer stream": func(_ *testing.T, p *post) { p.log = p.open("others"); p.say("x") },
		"of what is trimmed": func(t *testing.T, p *post) {
			t.Helper()
			p.say("c", "d")
			p.stored = 4
			if err := p.log.SavePosition(t.Context(), "store", 4); err != nil {
				t.Fatal(err)
			}
			if err := p.log.Trim(t.Context(), time.Now().Add(time.Hour), "store"); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPost(t)
			p.say("a", "b")
			p.watchUntil(p.watcher("", map[string]*diary{"first": new(diary), "second": new(diary)}))
			damage(t, p)
			first, second := new(diary), new(diary)
			w := p.watcher("store", map[string]*diary{"first": first, "second": second})
			p.check(first, "store")
			p.check(second, "store")
			if name != "gone" && !strings.Contains(p.said.String(), "image is of no use") {
				t.Errorf("the log does not say why:\n%s", p.said)
			}
			p.say("later")
			p.watchUntil(w)
			if !strings.HasSuffix(first.text(), " later") {
				t.Errorf("it does not go on: %s", first.text())
			}
		})
	}
}

// An image that takes long to write stops nobody.
func TestWatcherGoesOnWhileItWrites(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	room := &diary{hold: make(chan struct{})}
	w := p.watcher("", map[string]*diary{"first": room})
	w.every = 0
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	p.say("a", "b", "c")
	testbed.Eventually(t, testbed.Patience, func() error {
		if got := room.text(); got != "a b c" {
			return errors.New("the room saw " + got)
		}
		return nil
	})
	if at := w.counted.imagePosition.Load(); at != 0 {
		t.Errorf("an image of entry %d is kept, and none could be written", at)
	}
	stop()
	close(room.hold)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if at := w.counted.imagePosition.Load(); at != 3 {
		t.Errorf("the last image is of entry %d, want 3", at)
	}
}

// A folder that cannot be written to is told, and costs nothing else.
func TestWatcherSurvivesAFullFolder(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	write(t, filepath.Dir(string(p.image)), "a file where the folder should be")
	room := new(diary)
	p.say("a")
	w := p.watcher("", map[string]*diary{"first": room})
	p.watchUntil(w)
	p.check(room, "a")
	if n := w.counted.failures.Load(); n != 1 || !strings.Contains(p.said.String(), "could not be kept") {
		t.Errorf("%d failures are counted; the log says\n%s", n, p.said)
	}
}

// A hole in the stream is counted, and no image hides it from the next start.
func TestWatcherNoticesAHole(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.say("a", "b")
	p.watchUntil(p.watcher("", map[string]*diary{"first": new(diary)}))
	w := p.watcher("", map[string]*diary{"first": new(diary)})
	p.say("c", "d")
	w.observe(ingest.Entry{Seq: 5, Time: time.Now()}, nil)
	if n := w.counted.missed.Load(); n != 2 {
		t.Errorf("%d entries are missed, want 2", n)
	}
	if w.whole() {
		t.Error("it would keep an image of what it has not seen")
	}
	room := new(diary)
	p.stored = 2
	p.watchUntil(p.watcher("store", map[string]*diary{"first": room}))
	p.check(room, "store c d")
}

// What a process left behind that died while it wrote does not pile up.
func TestImageDraftsAreSwept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	draft := filepath.Join(dir, strings.Replace(imageDraft, "*", "1", 1))
	write(t, draft, "half")
	if i, err := imageFile(filepath.Join(dir, "image.zip")).open(); i != nil || err != nil {
		t.Errorf("an image of nothing: %v, %v", i, err)
	}
	if _, err := os.Stat(draft); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the draft is still there: %v", err)
	}
}
