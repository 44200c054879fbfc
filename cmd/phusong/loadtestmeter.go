package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// meter reads what a running service says of itself.
type meter struct {
	url    string
	client *http.Client
}

func newMeter(address string) *meter {
	return &meter{url: address, client: &http.Client{Timeout: 10 * time.Second}}
}

// snapshot is the service's own account at one instant.
type snapshot struct {
	received, stored, rejected, waiting float64
	latency                             []bucket // of the batches, cumulative; the last is unbounded
	cpu                                 float64  // seconds; NaN when the service does not know
}

// bucket counts observations that are not greater than upTo.
type bucket struct{ upTo, count float64 }

// settled are the readings that the service is done with.
func (s *snapshot) settled() float64 { return s.stored + s.rejected }

func (m *meter) read(ctx context.Context) (snapshot, error) {
	families, err := m.fetch(ctx)
	if err != nil {
		return snapshot{}, err
	}
	s := snapshot{cpu: math.NaN()}
	for name, value := range map[string]*float64{
		"phusong_readings_received_total": &s.received, "phusong_readings_stored_total": &s.stored, "phusong_readings_waiting": &s.waiting,
	} {
		family := families[name]
		if family == nil {
			return snapshot{}, fmt.Errorf("%s has no %s: it is not a phusong that stores readings; name its metrics with --metrics", redactedURL(m.url), name)
		}
		*value = sum(family)
	}
	s.rejected = sum(families["phusong_readings_rejected_total"]) // absent until there is one
	if family := families["process_cpu_seconds_total"]; family != nil {
		s.cpu = sum(family)
	}
	for _, metric := range families["phusong_reading_stored_latency_seconds"].GetMetric() {
		s.latency = buckets(metric.GetHistogram())
	}
	return s, nil
}

func (m *meter) fetch(ctx context.Context) (_ map[string]*dto.MetricFamily, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w; write it like http://127.0.0.1:8080/metrics", withoutAddress(err))
	}
	request.Header.Set("Accept", "text/plain;version=0.0.4")
	response, err := m.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the service's metrics at %s: %w; start the service, or name them with --metrics", redactedURL(m.url), withoutAddress(err))
	}
	defer closeBody(response)
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: name the service's metrics with --metrics", redactedURL(m.url), response.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		return nil, fmt.Errorf("%s is not a page of metrics: %w; name the service's with --metrics", redactedURL(m.url), err)
	}
	return families, nil
}

// withoutAddress takes off what net/http puts before its errors: the address, which is said already.
func withoutAddress(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err
	}
	return err
}

// sum adds up the series of a family.
func sum(f *dto.MetricFamily) (total float64) {
	for _, m := range f.GetMetric() {
		total += m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
	}
	return total
}

func buckets(h *dto.Histogram) []bucket {
	all := make([]bucket, 0, len(h.GetBucket())+1)
	for _, b := range h.GetBucket() {
		all = append(all, bucket{b.GetUpperBound(), float64(b.GetCumulativeCount())})
	}
	if len(all) == 0 || !math.IsInf(all[len(all)-1].upTo, 1) {
		all = append(all, bucket{math.Inf(1), float64(h.GetSampleCount())})
	}
	return all
}

// between returns what was observed from one snapshot to the next.
func between(before, after []bucket) []bucket {
	all := slices.Clone(after)
	for i := range all {
		if i < len(before) {
			all[i].count -= before[i].count
		}
	}
	return all
}

// quantile estimates, as Prometheus does, evenly within the bucket; NaN when nothing was observed.
func quantile(q float64, all []bucket) float64 {
	if len(all) == 0 || all[len(all)-1].count <= 0 {
		return math.NaN()
	}
	rank := q * all[len(all)-1].count
	var from bucket
	for _, b := range all {
		if b.count >= rank && b.count > from.count {
			if math.IsInf(b.upTo, 1) {
				return from.upTo // more is not known
			}
			return from.upTo + (b.upTo-from.upTo)*(rank-from.count)/(b.count-from.count)
		}
		from = b
	}
	return from.upTo
}
