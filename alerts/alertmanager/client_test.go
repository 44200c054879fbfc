package alertmanager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// peer is an Alertmanager without a network, so that an hour of its absence takes no time.
type peer struct {
	mu     sync.Mutex
	status int                 // what it answers
	away   bool                // it does not answer at all
	posts  [][]posted          // guarded by mu; what it took
	tries  int                 // guarded by mu
	known  map[string]posted   // guarded by mu; by device
	order  map[string][]string // guarded by mu; states by device, as they arrived
}

func newPeer() *peer {
	return &peer{status: http.StatusOK, known: make(map[string]posted), order: make(map[string][]string)}
}

// RoundTrip implements [http.RoundTripper].
func (p *peer) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries++
	if p.away {
		return nil, errors.New("connection refused")
	}
	recorder := httptest.NewRecorder()
	recorder.WriteHeader(p.status)
	if p.status == http.StatusOK {
		var alerts []posted
		if err := json.Unmarshal(body, &alerts); err != nil {
			return nil, err
		}
		p.posts = append(p.posts, alerts)
		for _, a := range alerts {
			device := a.Labels["device"]
			state := "firing"
			if !a.EndsAt.After(time.Now()) {
				state = "resolved"
			}
			p.known[device] = a
			if seen := p.order[device]; len(seen) == 0 || seen[len(seen)-1] != state {
				p.order[device] = append(seen, state)
			}
		}
	}
	return recorder.Result(), nil
}

func (p *peer) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// heard returns the states of a device's alert, as they arrived.
func (p *peer) heard(device string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.order[device])
}

// taken returns all alerts that it took, in order.
func (p *peer) taken() []posted {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Concat(p.posts...)
}

// lease returns how long an alert has to live.
func (p *peer) lease(device string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.known[device].EndsAt)
}

func (p *peer) count() (posts, tries int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.posts), p.tries
}

// peers gives each request to the one that its host names.
type peers map[string]*peer

func (p peers) RoundTrip(r *http.Request) (*http.Response, error) { return p[r.URL.Host].RoundTrip(r) }

// client runs a Client in a bubble of synctest, whose time is its own.
func client(t *testing.T, reg prometheus.Registerer, all peers) *Client {
	t.Helper()
	o := ClientOptions{Transport: all, Logger: newLog(t).logger(), Registerer: reg}
	for host := range all {
		o.URLs = append(o.URLs, "http://"+host)
	}
	slices.Sort(o.URLs)
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return c
}

func remembered(c *Client) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.items)
}

func TestAnHourWithoutAnAlertmanager(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry, am := prometheus.NewRegistry(), newPeer()
		c := client(t, registry, peers{"am:9093": am})
		update := func(alerts ...Alert) {
			if err := c.Update(alerts); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
		var before []Alert
		for i := range 600 { // three requests
			before = append(before, silent("school", fmt.Sprintf("ap-%03d", i)))
		}
		update(before...)
		if posts, _ := am.count(); posts != 3 {
			t.Errorf("%d posts of 600 alerts, want 3", posts)
		}
		am.set(func() { am.away = true })
		began := time.Now()
		for i := range 60 {
			time.Sleep(time.Minute)
			update(before[i].resolved(), silent("hospital", fmt.Sprintf("new-%03d", i)))
			flapping := silent("market", "flap")
			update(flapping)
			update(flapping.resolved())
		}
		if took := time.Since(began); took != time.Hour {
			t.Fatalf("the hour took %v", took)
		}
		if waiting := metric(t, registry, "alertmanager_alerts_waiting"); waiting != 661 {
			t.Errorf("%v alerts wait, want 600 old, 60 new and one that flaps: the present, no history", waiting)
		}
		if since := time.Since(c.FailingSince()); since < 58*time.Minute || since > time.Hour {
			t.Errorf("failing for %v, want an hour", since)
		}
		am.set(func() { am.away, am.posts, am.tries = false, nil, 0 })
		time.Sleep(lastPause)
		synctest.Wait()
		if !c.FailingSince().IsZero() {
			t.Error("still failing on its return")
		}
		posts, tries := am.count()
		if posts != 3 || tries != 3 {
			t.Errorf("%d posts, %d tries on its return; want 3 of 661 alerts", posts, tries)
		}
		if total := len(am.taken()); total != 661 {
			t.Errorf("%d alerts posted on its return, want each of 661 once", total)
		}
		for i := range 600 {
			want := []string{"firing"}
			if i < 60 {
				want = []string{"firing", "resolved"}
			}
			if device := fmt.Sprintf("ap-%03d", i); !slices.Equal(am.heard(device), want) {
				t.Errorf("%s: %v, want %v", device, am.heard(device), want)
			}
		}
		if !slices.Equal(am.heard("new-059"), []string{"firing"}) || !slices.Equal(am.heard("flap"), []string{"resolved"}) {
			t.Errorf("new-059: %v, flap: %v", am.heard("new-059"), am.heard("flap"))
		}
		// In the order of the changes.
		last := ""
		for _, a := range am.taken() {
			if device := a.Labels["device"]; strings.HasPrefix(device, "new-") {
				if device < last {
					t.Fatalf("%s after %s", device, last)
				}
				last = device
			}
		}
		if metric(t, registry, "alertmanager_send_errors_total") == 0 || metric(t, registry, "alertmanager_alerts_waiting") != 0 {
			t.Error("the metrics do not tell of the hour")
		}
	})
}

func TestFiringAlertsAreSaidAgainAndResolvedOnesForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry, am := prometheus.NewRegistry(), newPeer()
		c := client(t, registry, peers{"am:9093": am})
		a := silent("school", "ap-1")
		if err := c.Update([]Alert{a}); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			synctest.Wait()
			if lease := am.lease("ap-1"); lease < 3*time.Minute || lease > 4*time.Minute {
				t.Errorf("the alert lives for %v more", lease)
			}
			time.Sleep(time.Minute)
		}
		synctest.Wait()
		if posts, _ := am.count(); posts != 11 {
			t.Errorf("%d posts in ten minutes, want 11", posts)
		}
		if err := c.Update([]Alert{a.resolved()}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		posts, _ := am.count()
		if posts < 11+15 || posts > 11+17 {
			t.Errorf("%d posts; want the end said for a quarter of an hour", posts)
		}
		if n := remembered(c); n != 0 {
			t.Errorf("%d alerts are remembered for ever", n)
		}
	})
}

func TestEachAlertmanagerHearsEverything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		all := peers{"am-1:9093": newPeer(), "am-2:9093": newPeer()}
		all["am-2:9093"].set(func() { all["am-2:9093"].away = true })
		c := client(t, registry, all)
		a := silent("school", "ap-1")
		defer func() {
			if since := c.FailingSince(); !since.IsZero() {
				t.Errorf("failing since %v although one lives", since)
			}
		}()
		for _, alerts := range [][]Alert{{a}, {a.resolved()}} {
			if err := c.Update(alerts); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if got := all["am-1:9093"].heard("ap-1"); !slices.Equal(got, []string{"firing", "resolved"}) {
			t.Errorf("the living one heard %v", got)
		}
		time.Sleep(20 * time.Minute) // longer than resolved alerts are repeated
		all["am-2:9093"].set(func() { all["am-2:9093"].away = false })
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := all["am-2:9093"].heard("ap-1"); !slices.Equal(got, []string{"resolved"}) {
			t.Errorf("the one that came back heard %v", got)
		}
		all["am-2:9093"].set(func() { all["am-2:9093"].away = true })
		if err := c.Update([]Alert{a.resolved()}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Hour)
		synctest.Wait()
		if remembered(c) != 0 || metric(t, registry, "alertmanager_alerts_forgotten_total") != 1 {
			t.Errorf("%d alerts are kept for one that never comes back", remembered(c))
		}
	})
}

func TestARefusalIsNotRepeatedInALoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry, am := prometheus.NewRegistry(), newPeer()
		am.set(func() { am.status = http.StatusBadRequest })
		c := client(t, registry, peers{"am:9093": am})
		if err := c.Update([]Alert{silent("school", "ap-1")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(150 * time.Second)
		synctest.Wait()
		if _, tries := am.count(); tries != 3 {
			t.Errorf("%d tries in 150 s, want 3", tries)
		}
		if n := metric(t, registry, "alertmanager_alerts_refused_total"); n != 3 {
			t.Errorf("%v counted", n)
		}
	})
}

// Who says everything again and again, as after each change, costs nothing.
func TestReplaceWithTheSameIsQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		am, broker := newPeer(), &shelf{retained: make(map[string]string)}
		c := client(t, nil, peers{"am:9093": am})
		all, _ := topics(t, filepath.Join(t.TempDir(), "topics.json"), broker.publish)
		over := silent("school", "ap-3").resolved()
		active := []Alert{silent("school", "ap-1"), silent("school", "ap-2"), over}
		for range 50 {
			must(t, c.Replace(active))
			must(t, all.Replace(active))
			synctest.Wait()
		}
		if posts, _ := am.count(); posts != 1 {
			t.Errorf("%d posts, want 1", posts)
		}
		if got := broker.published(); len(got) != 2 {
			t.Errorf("published %v, want two messages", got)
		}
		active[0].Annotations["summary_vi"] = "Điểm phát ap-1 mất liên lạc từ lâu"
		must(t, c.Replace(active))
		must(t, all.Replace(active))
		synctest.Wait()
		if got := am.taken(); len(got) != 4 || got[3].Annotations["summary_vi"] != active[0].Annotations["summary_vi"] {
			t.Errorf("%d alerts posted; want the changed one again", len(got))
		}
		if got := broker.published(); len(got) != 3 {
			t.Errorf("published %v, want the changed one again", got)
		}
	})
}

func TestReplaceEndsTheOthersOutside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		am := newPeer()
		c := client(t, nil, peers{"am:9093": am})
		for _, put := range []func() error{
			func() error { return c.Update([]Alert{silent("school", "ap-1"), silent("school", "ap-2")}) },
			func() error { return c.Replace([]Alert{silent("school", "ap-2")}) },
		} {
			if err := put(); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if !slices.Equal(am.heard("ap-1"), []string{"firing", "resolved"}) || !slices.Equal(am.heard("ap-2"), []string{"firing"}) {
			t.Errorf("%v, %v", am.heard("ap-1"), am.heard("ap-2"))
		}
	})
}

func TestNewClientNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	log := newLog(t).logger()
	for want, o := range map[string]ClientOptions{
		"ClientOptions.URLs":   {Logger: log},
		"ClientOptions.Logger": {URLs: []string{"http://am:9093"}},
		"URL 2":                {Logger: log, URLs: []string{"http://am:9093", "am:9093"}},
		"am:9093 is named":     {Logger: log, URLs: []string{"http://am:9093", "http://am:9093"}},
		"cannot be negative":   {Logger: log, URLs: []string{"http://am:9093"}, Resend: -1},
	} {
		if _, err := NewClient(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q in it", err, want)
		}
	}
	_, err := NewClient(ClientOptions{Logger: log, URLs: []string{"ftp://user:secret@am:9093"}})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}
