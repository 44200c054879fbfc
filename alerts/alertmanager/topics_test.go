package alertmanager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"phusong/internal/testbed"
)

// shelf is a broker's memory of retained messages.
type shelf struct {
	mu       sync.Mutex
	away     bool              // guarded by mu
	retained map[string]string // guarded by mu
	log      []string          // guarded by mu; topics in the order of publishing
}

func (s *shelf) publish(_ context.Context, topic string, payload []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errors.New("no broker")
	}
	s.log = append(s.log, topic)
	if len(payload) == 0 {
		delete(s.retained, topic)
	} else {
		s.retained[topic] = string(payload)
	}
	return nil
}

func (s *shelf) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *shelf) published() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

func (s *shelf) topics() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.retained))
}

// topics runs Topics with the file until the test ends or the returned function is called.
func topics(t *testing.T, file string, publish func(context.Context, string, []byte) error) (*Topics, func()) {
	t.Helper()
	topics, err := NewTopics(TopicsOptions{Publish: publish, File: file, Area: "80", Logger: newLog(t).logger()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- topics.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return topics, stop
}

func TestTopicsSurviveARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		file, broker := filepath.Join(t.TempDir(), "topics.json"), &shelf{retained: make(map[string]string)}
		one, stop := topics(t, file, broker.publish)
		service := Alert{ID: "store-away", Labels: map[string]string{"alertname": "StoreAway"}, StartsAt: time.Now()}
		must(t, one.Update([]Alert{silent("school", "ap-1"), silent("school", "ap-2"), service}))
		synctest.Wait()
		want := []string{"phusong/v1/25459/alerts/silent-ap-1", "phusong/v1/25459/alerts/silent-ap-2", "phusong/v1/80/alerts/store-away"}
		if diff := cmp.Diff(want, broker.topics()); diff != "" {
			t.Errorf("retained (-want +got):\n%s", diff)
		}
		must(t, one.Update([]Alert{silent("school", "ap-2").resolved()}))
		synctest.Wait()
		if got := broker.topics(); slices.Contains(got, "phusong/v1/25459/alerts/silent-ap-2") {
			t.Errorf("what is over is still there: %v", got)
		}
		stop()

		// While it was down the service's alert ended, and another began.
		two, _ := topics(t, file, broker.publish)
		synctest.Wait()
		if got := len(broker.topics()); got != 2 {
			t.Errorf("%d messages before the truth is known, want the two of before", got)
		}
		must(t, two.Replace([]Alert{silent("school", "ap-1"), silent("hospital", "ap-3")}))
		synctest.Wait()
		want = []string{"phusong/v1/25459/alerts/silent-ap-1", "phusong/v1/25459/alerts/silent-ap-3"}
		if diff := cmp.Diff(want, broker.topics()); diff != "" {
			t.Errorf("after the restart (-want +got):\n%s", diff)
		}

		// A broker that forgot everything.
		broker.set(func() { clear(broker.retained) })
		two.Republish()
		synctest.Wait()
		if diff := cmp.Diff(want, broker.topics()); diff != "" {
			t.Errorf("after Republish (-want +got):\n%s", diff)
		}
	})
}

func TestTopicsWithoutABroker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broker := &shelf{retained: make(map[string]string), away: true}
		all, _ := topics(t, filepath.Join(t.TempDir(), "topics.json"), broker.publish)
		for i := range 60 {
			flapping := silent("school", "flap")
			must(t, all.Update([]Alert{flapping, silent("school", fmt.Sprintf("ap-%02d", i))}))
			must(t, all.Update([]Alert{flapping.resolved()}))
			time.Sleep(time.Minute)
		}
		broker.set(func() { broker.away = false })
		time.Sleep(lastPause)
		synctest.Wait()
		if len(broker.published()) != 61 {
			t.Errorf("%d messages on its return, want 60 that fire and one that is over", len(broker.published()))
		}
		if got := broker.topics(); len(got) != 60 {
			t.Errorf("%d retained", len(got))
		}
		if !slices.IsSorted(broker.published()[1:]) {
			t.Errorf("not in the order of their beginning: %v", broker.published())
		}
	})
}

// Whatever fails and restarts in between, in the end the broker holds what fires and nothing else.
func TestTopicsEndInTheTruth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		file := filepath.Join(t.TempDir(), "topics.json")
		broker := &shelf{retained: make(map[string]string)}
		publish := func(ctx context.Context, topic string, payload []byte) error {
			if rapid.IntRange(0, 3).Draw(r, "luck") == 0 {
				return errors.New("lost")
			}
			return broker.publish(ctx, topic, payload)
		}
		open := func() *Topics {
			all, err := NewTopics(TopicsOptions{Publish: publish, File: file, Area: "80", Logger: new(logBuffer).logger()})
			if err != nil {
				r.Fatal(err)
			}
			return all
		}
		all, truth := open(), make(map[string]Alert)
		for range rapid.IntRange(1, 20).Draw(r, "steps") {
			a := silent("s", "ap-"+strconv.Itoa(rapid.IntRange(0, 3).Draw(r, "device")))
			switch rapid.IntRange(0, 4).Draw(r, "step") {
			case 0, 1:
				truth[a.ID] = a
				must(t, all.Update([]Alert{a}))
			case 2:
				delete(truth, a.ID)
				must(t, all.Update([]Alert{a.resolved()}))
			case 3: // killed: what was not published is forgotten
				all = open()
				must(t, all.Replace(slices.Collect(maps.Values(truth))))
			default:
				_ = all.publishPending(t.Context()) // may fail
			}
		}
		for all.publishPending(t.Context()) != nil {
			continue
		}
		var want []string
		for id := range truth {
			want = append(want, "phusong/v1/25459/alerts/"+id)
		}
		slices.Sort(want)
		if got := broker.topics(); !slices.Equal(got, want) {
			r.Fatalf("retained %v, want %v", got, want)
		}
	})
}

// With Mosquitto and its own clients: what somebody sees who subscribes later.
func TestTopicsOnMosquitto(t *testing.T) {
	t.Parallel()
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	port := strconv.Itoa(broker.Port())
	published := make(chan error)
	type job struct {
		topic   string
		payload []byte
	}
	jobs := make(chan job)
	all, _ := topics(t, filepath.Join(t.TempDir(), "topics.json"), func(ctx context.Context, topic string, payload []byte) error {
		select { // programs are started by the test's own goroutine
		case jobs <- job{topic, payload}:
			return <-published
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	publishNext := func() {
		t.Helper()
		j := <-jobs
		args := []string{"-h", "127.0.0.1", "-p", port, "-q", "1", "-r", "-t", j.topic, "-m", string(j.payload)}
		if len(j.payload) == 0 {
			args = append(args[:len(args)-2], "-n")
		}
		p := testbed.Run(t, testbed.Command{Path: testbed.Require(t, "mosquitto_pub"), Args: args})
		var err error
		if code := p.Wait(); code != 0 {
			err = fmt.Errorf("mosquitto_pub ended with %d", code)
		}
		published <- err
	}
	subscribe := func() string {
		p := testbed.Run(t, testbed.Command{Path: testbed.Require(t, "mosquitto_sub"), Args: []string{
			"-h", "127.0.0.1", "-p", port, "-t", "phusong/v1/+/alerts/+", "-v", "--retained-only", "-W", "1",
		}})
		p.Wait()
		return p.Stdout()
	}
	must(t, all.Update([]Alert{silent("school", "ap-1"), silent("school", "ap-2")}))
	publishNext()
	publishNext()
	must(t, all.Update([]Alert{silent("school", "ap-2").resolved()}))
	publishNext()
	lines := strings.Split(strings.TrimSpace(subscribe()), "\n")
	topic, payload, _ := strings.Cut(lines[0], " ")
	if len(lines) != 1 || topic != "phusong/v1/25459/alerts/silent-ap-1" {
		t.Fatalf("a later subscriber sees %q", lines)
	}
	var m TopicMessage
	must(t, json.Unmarshal([]byte(payload), &m))
	if m.ID != "silent-ap-1" || m.State != "firing" || m.Labels["site"] != "school" || m.Annotations["next_step_vi"] == "" {
		t.Errorf("message %s", payload)
	}
}

func TestNewTopicsNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	log, file := newLog(t).logger(), filepath.Join(t.TempDir(), "topics.json")
	publish := new(shelf).publish
	write(t, file, "{")
	for want, o := range map[string]TopicsOptions{
		"function to publish": {File: file, Logger: log, Area: "80"},
		`area "Tây Ninh"`:     {Publish: publish, File: file, Logger: log, Area: "Tây Ninh"},
		"topics.json":         {Publish: publish, File: file, Logger: log, Area: "80"},
	} {
		if _, err := NewTopics(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q in it", err, want)
		}
	}
}
