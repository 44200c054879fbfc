package alertmanager

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// topicPrefix begins every topic: phusong/v1/{area}/alerts/{id}.
const topicPrefix = "phusong/v1/"

// topicArea is what an area may be in a topic: the code of a commune or of a province.
var topicArea = regexp.MustCompile(`^([0-9]{2}|[0-9]{5})$`)

// TopicsOptions say how [Topics] are made.
type TopicsOptions struct {
	// Publish gives the broker a retained message at QoS 1; an empty payload takes it back. It
	// returns nil when the broker has said that it has it, and may wait for a connection.
	Publish func(ctx context.Context, topic string, payload []byte) error
	// File remembers which topics bear a message of ours, so that what is over after a restart is
	// taken back.
	File string
	// Area is the code of the province, for alerts without a label "area".
	Area       string
	Logger     *slog.Logger
	Registerer prometheus.Registerer // may be nil
}

// Topics keeps one retained MQTT message for each firing alert, at phusong/v1/{area}/alerts/{id}, and
// takes it back when the alert is resolved. Its methods may be called from any goroutine.
type Topics struct {
	options TopicsOptions
	log     *slog.Logger
	wake    chan struct{} // capacity 1; there is something pending

	published, errors prometheus.Counter

	mu      sync.Mutex
	firing  map[string]Alert    // guarded by mu; by topic
	pending map[string]struct{} // guarded by mu; topics whose message differs from what is true
	known   bool                // guarded by mu; Replace was called: firing is the whole truth
	borne   map[string]struct{} // guarded by mu; topics that may bear a message of ours, as in the file
}

// TopicMessage is the payload: the alert as it is.
type TopicMessage struct {
	ID           string            `json:"id"`
	State        string            `json:"state"` // always "firing": what is over has no message
	StartsAt     time.Time         `json:"starts_at"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	GeneratorURL string            `json:"url,omitempty"`
}

// NewTopics reads the file. A file that cannot be understood is an error that names it.
func NewTopics(o TopicsOptions) (*Topics, error) {
	switch {
	case o.Publish == nil || o.File == "" || o.Logger == nil:
		return nil, errors.New("alertmanager: topics need a function to publish, a file and a logger")
	case !topicArea.MatchString(o.Area):
		return nil, fmt.Errorf("alertmanager: area %q of topics: use the two digits of the province", o.Area)
	}
	t := &Topics{
		options: o, log: o.Logger, wake: make(chan struct{}, 1),
		firing: make(map[string]Alert), pending: make(map[string]struct{}), borne: make(map[string]struct{}),
		published: prometheus.NewCounter(prometheus.CounterOpts{Name: "alert_topics_published_total", Help: "Retained messages about alerts that the broker took, also to take one back."}),
		errors:    prometheus.NewCounter(prometheus.CounterOpts{Name: "alert_topics_errors_total", Help: "Failed attempts to publish a retained message about an alert; each is tried again."}),
	}
	if o.Registerer != nil {
		o.Registerer.MustRegister(t.published, t.errors)
	}
	text, err := os.ReadFile(o.File)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	var topics []string
	if err == nil {
		err = json.Unmarshal(text, &topics)
	}
	if err != nil {
		return nil, fmt.Errorf("alertmanager: reading which topics bear alerts, %s: %w; delete the file if it is damaged, and clear %s+/alerts/# at the broker", o.File, err, topicPrefix)
	}
	for _, topic := range topics {
		t.borne[topic] = struct{}{}
	}
	return t, nil
}

// Update takes alerts that began, changed or were resolved. It returns at once; the error is of the
// alerts that were left out.
func (t *Topics) Update(alerts []Alert) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.takeLocked(alerts)
}

// Replace takes all alerts that fire now, after a start or at any time: every other message of ours is
// taken back. What ended lately may be among them, with its EndsAt.
func (t *Topics) Replace(active []Alert) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	fires := make(map[string]bool, len(active))
	for i := range active {
		if a, err := active[i].normalised(time.Now()); err == nil && a.Firing() {
			fires[t.topic(&a)] = true
		}
	}
	for topic := range t.firing {
		if !fires[topic] {
			delete(t.firing, topic)
			t.pending[topic] = struct{}{}
		}
	}
	t.known = true
	return t.takeLocked(active)
}

// Republish says everything again, for a broker that may have forgotten it.
func (t *Topics) Republish() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for topic := range t.firing {
		t.pending[topic] = struct{}{}
	}
	t.wakeLocked()
}

func (t *Topics) takeLocked(alerts []Alert) error {
	var faults []error
	for i := range alerts {
		a, err := alerts[i].normalised(time.Now())
		if err != nil {
			faults = append(faults, err)
			continue
		}
		topic := t.topic(&a)
		before, known := t.firing[topic]
		_, borne := t.borne[topic]
		switch {
		case a.Firing() && known && before.same(&a) && maps.Equal(before.Labels, a.Labels):
			continue
		case a.Firing() && !known && len(t.firing) >= DefaultMaxAlerts:
			faults = append(faults, fmt.Errorf("%w: %d fire already; %s was left out", ErrTooMany, len(t.firing), a.name()))
			continue
		case a.Firing():
			t.firing[topic] = a
		case known || borne:
			delete(t.firing, topic)
		default:
			continue // it bears nothing
		}
		t.pending[topic] = struct{}{}
	}
	t.wakeLocked()
	return errors.Join(faults...)
}

func (t *Topics) wakeLocked() {
	select {
	case t.wake <- struct{}{}:
	default: // it is awake already
	}
}

func (t *Topics) topic(a *Alert) string {
	area := a.Labels["area"]
	if !topicArea.MatchString(area) {
		area = t.options.Area
	}
	return topicPrefix + area + "/alerts/" + a.ID
}

// Run publishes until ctx ends and returns nil. Messages stay at the broker.
func (t *Topics) Run(ctx context.Context) error {
	pause := time.Duration(0)
	for {
		switch err := t.publishPending(ctx); {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			t.errors.Inc()
			if pause == 0 {
				t.log.Warn("Publishing alerts on MQTT fails; it is tried again", "err", err)
			}
			pause = min(max(2*pause, firstPause), lastPause)
			if !sleep(ctx, jitter(pause)) {
				return nil
			}
			continue
		}
		pause = 0
		select {
		case <-t.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// message is what a topic is to bear; a nil payload is nothing.
type message struct {
	topic   string
	payload []byte
	began   time.Time
}

// publishPending makes the broker bear what is true, oldest alert first, after what is over.
func (t *Topics) publishPending(ctx context.Context) error {
	batch, err := t.batch()
	if err != nil || len(batch) == 0 {
		return err
	}
	// A topic is on file before it may bear anything, and off it only after it bears nothing.
	if err := t.saveBorne(); err != nil {
		t.putBack(batch)
		return err
	}
	for i, m := range batch {
		if err := t.options.Publish(ctx, m.topic, m.payload); err != nil {
			t.putBack(batch[i:])
			return fmt.Errorf("%s: %w", m.topic, err)
		}
		t.published.Inc()
		if m.payload == nil {
			t.mu.Lock()
			delete(t.borne, m.topic)
			t.mu.Unlock()
		}
	}
	return t.saveBorne()
}

func (t *Topics) batch() ([]message, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known { // so what is on file and does not fire is over
		for topic := range t.borne {
			if _, fires := t.firing[topic]; !fires {
				t.pending[topic] = struct{}{}
			}
		}
	}
	batch := make([]message, 0, len(t.pending))
	for topic := range t.pending {
		m := message{topic: topic}
		if a, fires := t.firing[topic]; fires {
			var err error
			if m.payload, err = json.Marshal(TopicMessage{a.ID, "firing", a.StartsAt, a.Labels, a.Annotations, a.GeneratorURL}); err != nil {
				return nil, err
			}
			m.began = a.StartsAt
		}
		batch = append(batch, m)
		t.borne[topic] = struct{}{}
	}
	clear(t.pending)
	slices.SortFunc(batch, func(a, b message) int {
		return cmp.Or(a.began.Compare(b.began), cmp.Compare(a.topic, b.topic))
	})
	return batch, nil
}

func (t *Topics) putBack(batch []message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range batch {
		t.pending[m.topic] = struct{}{}
	}
}

func (t *Topics) saveBorne() error {
	t.mu.Lock()
	topics := slices.Sorted(maps.Keys(t.borne))
	t.mu.Unlock()
	text, err := json.Marshal(topics)
	if err != nil {
		return err
	}
	err = replaceFile(t.options.File, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return fmt.Errorf("saving which topics bear alerts: %w", err)
	}
	return nil
}
