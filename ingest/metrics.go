package ingest

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type pipelineMetrics struct {
	messages      prometheus.Counter
	unknown       prometheus.Counter
	appendErrors  prometheus.Counter
	batch         prometheus.Histogram
	appendSeconds prometheus.Histogram
}

func newPipelineMetrics(registry prometheus.Registerer, queue chan Message) pipelineMetrics {
	auto := promauto.With(registry)
	auto.NewGaugeFunc(
		prometheus.GaugeOpts{Name: "mqtt_messages_queued", Help: "MQTT messages taken from the broker and not decoded yet. When the queue is full the broker has to wait."},
		func() float64 { return float64(len(queue)) },
	)
	return pipelineMetrics{
		messages:      auto.NewCounter(prometheus.CounterOpts{Name: "mqtt_messages_received_total", Help: "MQTT messages taken from the broker."}),
		unknown:       auto.NewCounter(prometheus.CounterOpts{Name: "unknown_fields_total", Help: "Members of payloads that no field bears; they are ignored."}),
		appendErrors:  auto.NewCounter(prometheus.CounterOpts{Name: "stream_append_errors_total", Help: "Failed attempts to append to the stream; each is tried again."}),
		batch:         auto.NewHistogram(prometheus.HistogramOpts{Name: "stream_batch_readings", Help: "Readings in one batch.", Buckets: prometheus.ExponentialBuckets(1, 4, 8)}),
		appendSeconds: auto.NewHistogram(prometheus.HistogramOpts{Name: "stream_append_duration_seconds", Help: "Time to make a batch durable.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}),
	}
}

type writerMetrics struct {
	errors     prometheus.Counter
	duplicates prometheus.Counter
	gaps       prometheus.Counter
	missing    prometheus.Counter
	seconds    prometheus.Histogram
	latency    prometheus.Histogram
}

func newWriterMetrics(registry prometheus.Registerer) writerMetrics {
	auto := promauto.With(registry)
	return writerMetrics{
		errors:     auto.NewCounter(prometheus.CounterOpts{Name: "store_write_errors_total", Help: "Failed attempts to write to the store; each is tried again."}),
		duplicates: auto.NewCounter(prometheus.CounterOpts{Name: "readings_duplicate_total", Help: "Readings that a device or the broker sent again."}),
		gaps:       auto.NewCounter(prometheus.CounterOpts{Name: "sequence_gaps_total", Help: "Times that a device's sequence number skipped."}),
		missing:    auto.NewCounter(prometheus.CounterOpts{Name: "sequence_missing_total", Help: "Readings that devices numbered and we have not seen in their place. Backlog may still bring them."}),
		seconds:    auto.NewHistogram(prometheus.HistogramOpts{Name: "store_write_duration_seconds", Help: "Time to write a batch to the store.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16)}),
		latency:    auto.NewHistogram(prometheus.HistogramOpts{Name: "reading_stored_latency_seconds", Help: "Time from the receipt of a batch's oldest reading until it is stored.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 18)}),
	}
}
