package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"phusong/dashboards"
)

// ourPrefix is what the names of all our metrics begin with.
const ourPrefix = "phusong_"

// prefixed registers metrics under our name.
func (s *service) prefixed() prometheus.Registerer {
	return prometheus.WrapRegistererWithPrefix(ourPrefix, s.metrics)
}

func (s *service) registerMetrics() {
	s.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.metrics.MustRegister(activeMetric(1))
	ours := s.prefixed()
	ours.MustRegister(s.ledger)
	s.watcher.register(ours)
	ours.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "alert_history_lost_total", Help: "Steps in the lives of alerts that the history could not keep.",
	}, func() float64 { return float64(s.history.missed.Load()) }))
	ours.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "build_info", Help: "Always 1; the labels tell the build.", ConstLabels: prometheus.Labels{"version": version(), "go_version": goVersion()},
	}, func() float64 { return 1 }))
	gauge := func(name, help string, value func() float64) {
		ours.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	counter := func(name, help string, value func() float64) {
		ours.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
	}
	gauge("mqtt_connected", "1 while the connection to the broker stands.", func() float64 {
		if s.client.Connected() {
			return 1
		}
		return 0
	})
	counter("mqtt_connects_total", "Connections to the broker that came to stand.", func() float64 { return float64(s.client.Stats().Connects) })
	counter("mqtt_redelivered_total", "Messages that the broker marked as sent before.", func() float64 { return float64(s.client.Stats().Duplicates) })
	gauge("ledger_difference_readings", "Readings received and not accounted for. Anything but 0 is a fault of phusong.", func() float64 { return float64(s.ledger.Balance().Difference()) })
	gauge("stream_bytes", "What the readings in the stream take on disk.", s.streamBytes)
	gauge("stream_max_bytes", "What they may take before the broker has to wait.", func() float64 { return float64(s.config.Stream.MaxBytes) })
}

// stateMetrics are what the live picture, the books of judgement, coverage and the
// registry say at the moment of a scrape.
func (s *service) stateMetrics() []dashboards.Source {
	room := s.judgement
	presence := dashboards.NewDeviceCollector(devices(room.engine), time.Now)
	points := dashboards.NewWiFiCollector(func() dashboards.WiFi { return wifiState(room.wifi) })
	sensors := dashboards.NewEnvironmentCollector(room.environmentMetrics)
	places := dashboards.NewPlaceCollector(func() dashboards.Places {
		reg := s.register.Current()
		return dashboards.Places{Areas: reg.Areas(), Sites: reg.Sites(), Devices: reg.Devices()}
	})
	if !s.config.Metrics.Devices {
		presence.OnlyAreas()
		points.OnlyAreas()
		sensors.OnlyAreas()
		places.OnlyAreas()
	}
	return []dashboards.Source{
		presence, points, sensors, places,
		dashboards.NewAlertCollector(room.metrics()), dashboards.NewCoverageCollector(s.coverage.figures),
	}
}

// streamBytes asks for the size of the stream; 0 while it cannot be told.
func (s *service) streamBytes() float64 {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state, err := s.readings.State(ctx)
	if err != nil {
		return 0
	}
	return float64(state.Bytes)
}
