package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"phusong/dashboards/access"
	"phusong/telemetry"
)

// A Hub keeps the latest events, for those who listen and for those who come back. Who is
// slow reads later; who is too slow is told so and sent away. Publishing never waits.
type Hub struct {
	epoch   string // another one for another process
	keep    int
	most    int
	eachMax int

	mu      sync.Mutex
	first   uint64 // number of ring[0]
	ring    []event
	news    chan struct{} // closed with the next event
	clients int
	each    map[string]int // by account
	ended   chan struct{}  // closed by End
	endOnce sync.Once
}

type event struct {
	kind string
	area telemetry.AreaCode
	all  bool // heard by everybody, whatever the area
	data []byte
}

const (
	hubKeeps      = 8192
	hubClients    = 500
	hubEachClient = 250
	heartbeat     = 15 * time.Second
	// slowest is how long one write to a client may take.
	slowest = 10 * time.Second
)

// NewHub returns a hub; now makes its event ids those of this process.
func NewHub(now time.Time) *Hub {
	return &Hub{
		epoch: strconv.FormatInt(now.UnixNano(), 36), keep: hubKeeps, most: hubClients, eachMax: hubEachClient,
		first: 1, news: make(chan struct{}), each: make(map[string]int), ended: make(chan struct{}),
	}
}

// Publish tells all who see the area; no area is for those who are bound to none. data is
// marshalled at once.
func (h *Hub) Publish(kind string, area telemetry.AreaCode, data any) {
	h.publish(event{kind: kind, area: area}, data)
}

// PublishAll tells everybody, as Publish does: data must tell nothing about any one area.
func (h *Hub) PublishAll(kind string, data any) { h.publish(event{kind: kind, all: true}, data) }

func (h *Hub) publish(e event, data any) {
	var err error
	if e.data, err = json.Marshal(data); err != nil {
		e.data = []byte("{}") // the client looks for itself
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ring = append(h.ring, e)
	if len(h.ring) >= 2*h.keep { // moved seldom, so that each event costs the same
		n := len(h.ring) - h.keep
		h.ring = append(make([]event, 0, 2*h.keep), h.ring[n:]...)
		h.first += uint64(n)
	}
	close(h.news)
	h.news = make(chan struct{})
}

// Clients returns how many listen.
func (h *Hub) Clients() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clients
}

// End sends everybody away, so that a stopping server need not wait for them. They come
// back by themselves.
func (h *Hub) End() { h.endOnce.Do(func() { close(h.ended) }) }

var (
	errCrowded = errors.New("too many listen already; try again later, or ask for lists instead")
	errBehind  = errors.New("too far behind")
)

func (h *Hub) enter(name string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.clients >= h.most || h.each[name] >= h.eachMax {
		return errCrowded
	}
	h.clients++
	h.each[name]++
	return nil
}

func (h *Hub) leave(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clients--
	if h.each[name]--; h.each[name] == 0 {
		delete(h.each, name)
	}
}

// next returns the number of the event to begin with, and whether nothing was missed.
func (h *Hub) next(last string) (from uint64, whole bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	end := h.first + uint64(len(h.ring))
	if last == "" {
		return end, true
	}
	epoch, text, _ := strings.Cut(last, "-")
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || epoch != h.epoch || n >= end || n+1 < h.first {
		return end, false
	}
	return n + 1, true
}

// since returns the events from a number on, at most so many, and what to wait for.
func (h *Hub) since(from uint64, most int) (events []event, news <-chan struct{}, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if from < h.first {
		return nil, nil, errBehind
	}
	there := h.ring[from-h.first:]
	return append([]event{}, there[:min(len(there), most)]...), h.news, nil
}

func (s *server) registerEvents() {
	op := huma.Operation{
		OperationID: "listen", Method: http.MethodGet, Path: Prefix + "/events", Tags: []string{"events"},
		Summary:  "What changes, as server-sent events; Last-Event-ID resumes",
		Metadata: map[string]any{permissionKey: access.Read},
		Errors:   []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable},
		Responses: map[string]*huma.Response{"200": {
			Description: "alert: AlertEvent, incident: IncidentEvent, handling: HandlingEvent, maintenance: Window, device: Device, coverage: CoverageEvent, case: CaseEvent; of the connection are hello, and reset and dropped: LostEvent",
			Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}},
	}
	s.describeEvents()
	huma.Register(s.api, op, func(ctx context.Context, in *struct {
		LastEventID string `header:"Last-Event-ID" maxLength:"60"`
	}) (*huma.StreamResponse, error) {
		i := access.From(ctx)
		if err := s.Events.enter(i.Name); err != nil {
			return nil, huma.ErrorWithHeaders(refusal(http.StatusServiceUnavailable, codeCrowded, err.Error()), http.Header{"Retry-After": {"30"}})
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			defer s.Events.leave(i.Name)
			_, w := humago.Unwrap(hc)
			// The client that goes away is the usual end.
			_ = s.stream(ctx, w, i, in.LastEventID)
		}}, nil
	})
}

// stream writes events until the client is gone, is too slow, or is no longer who it was.
func (s *server) stream(ctx context.Context, w http.ResponseWriter, i access.Identity, last string) error {
	h := s.Events
	out := &eventWriter{w: w, control: http.NewResponseController(w)}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	from, whole := h.next(last)
	out.frame("hello", fmt.Sprintf("%s-%d", h.epoch, from-1), []byte(`{}`))
	if !whole {
		out.frame("reset", "", []byte(`{"reason":"events were missed: load everything again"}`))
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	areas := make(map[telemetry.AreaCode]bool)
	for {
		events, news, err := h.since(from, 256)
		if err != nil {
			out.frame("dropped", "", []byte(`{"reason":"too slow: connect again and load everything again"}`))
			return errors.Join(err, out.flush())
		}
		for n := range events {
			e := &events[n]
			sees, known := areas[e.area]
			if !known {
				sees = s.sees(&i, e.area)
				areas[e.area] = sees
			}
			if sees || e.all {
				out.frame(e.kind, fmt.Sprintf("%s-%d", h.epoch, from), e.data)
			}
			from++
		}
		if err := out.flush(); err != nil {
			return err
		}
		if len(events) > 0 {
			continue
		}
		select {
		case <-news:
		case <-h.ended:
			return nil
		case <-beat.C:
			if !access.StillValid(ctx) {
				out.frame("dropped", "", []byte(`{"reason":"the session is over: log in again"}`))
				return out.flush()
			}
			out.text = append(out.text, ": \n\n"...)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// An eventWriter collects frames and writes them within a time.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	text    []byte
}

// frame adds one event. data is JSON, so it has no line ends.
func (o *eventWriter) frame(kind, id string, data []byte) {
	if id != "" {
		o.text = fmt.Appendf(o.text, "id: %s\n", id)
	}
	o.text = fmt.Appendf(o.text, "event: %s\ndata: %s\n\n", kind, data)
}

func (o *eventWriter) flush() error {
	if len(o.text) == 0 {
		return nil
	}
	if err := o.control.SetWriteDeadline(time.Now().Add(slowest)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	_, err := o.w.Write(o.text)
	o.text = o.text[:0]
	if err != nil {
		return err
	}
	return o.control.Flush()
}
