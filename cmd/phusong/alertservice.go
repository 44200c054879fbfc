package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"phusong/alerts/alertmanager"
	"phusong/alerts/rules"
	"phusong/dashboards/access"
	"phusong/deploy"
	"phusong/internal/mqtt"
	"phusong/telemetry"
)

// openAlerts makes the room of judgement, with nothing in it, and those who tell
// people and keep the history. They are parts that stop after the watcher.
func (s *service) openAlerts(ctx context.Context) (err error) {
	c := &s.config.Alerts
	files, set, err := openRules(c.Rules, s.log)
	if err != nil {
		return fmt.Errorf("alerts.rules: %w", err)
	}
	s.ruleFiles = files
	if s.desk, err = openDesk(ctx, s.server, s.register.Current, s.log); err != nil {
		return err
	}
	s.judgement, err = newAlertRoom(alertRoomOptions{
		Inventory: inventoryOf(s.register.Current()), Rules: set, Desk: s.desk,
		RunbookURL: c.Runbooks, AlertURL: s.page("alerts"), Logger: s.log,
	})
	if err != nil {
		return err
	}
	if s.history, err = newAlertHistory(ctx, s.server, s.judgement, s.log); err != nil {
		return err
	}
	sinks, err := s.openSinks() //nolint:contextcheck // it opens what Run gives a context
	if err != nil {
		return err
	}
	s.delivery = &alertDelivery{
		active: s.judgement.engine.Active, ready: s.caughtUp(ctx), wake: s.judgement.wake, page: s.page("alerts"), sinks: sinks, log: s.log,
	}
	return nil
}

// addAlertParts adds what moves, to stop after the watcher.
func (s *service) addAlertParts() {
	s.parts.add("alert delivery", s.delivery.Run)
	s.parts.add("alert history", s.history.Run)
	s.parts.add("desk", s.desk.Run)
	for _, p := range s.notifiers {
		s.parts.add(p.name, p.run)
	}
	s.parts.add("rule files", s.followRules)
	s.parts.add("vitals", s.tellVitals)
	s.parts.add("coverage facts", s.tellCoverage)
	s.parts.add("inventory", func(ctx context.Context) error { return s.judgement.followRegistry(ctx, s.register.Current) })
}

// page is the address of a page of ours for people, with a slash at its end.
func (s *service) page(name string) string {
	own := "http://" + s.http.Addr().String()
	if s.https != nil {
		own = "https://" + s.https.Addr().String()
	}
	base := cmp.Or(s.config.Alerts.ExternalURL, own)
	return strings.TrimSuffix(base, "/") + "/" + name + "/"
}

// openSinks opens the ways to people: the Alertmanager inside or those outside, and
// the topics.
func (s *service) openSinks() (sinks []alertSink, err error) {
	c := &s.config.Alerts
	if len(c.Alertmanager.URLs) > 0 {
		client, err := alertmanager.NewClient(alertmanager.ClientOptions{URLs: c.Alertmanager.URLs, Logger: s.log, Registerer: s.prefixed()})
		if err != nil {
			return nil, err
		}
		s.notifiers = append(s.notifiers, part{"alertmanager client", client.Run})
		sinks = append(sinks, alertSink{"Alertmanager", client.Replace, client.FailingSince})
	} else {
		inside, err := alertmanager.New(alertmanager.Options{
			ConfigFile: c.Alertmanager.ConfigFile, Default: deploy.Alertmanager, DataDir: dataFolder(s.config.Data).alertmanager(),
			ExternalURL: strings.TrimSuffix(s.page(strings.TrimPrefix(alertmanager.Prefix, "/")), "/"), StartDelay: alertStartDelay, Logger: s.log, Registerer: s.metrics,
		})
		if err != nil {
			return nil, err
		}
		s.alertmanager = inside
		s.notifiers = append(s.notifiers, part{"alertmanager", inside.Run})
		sinks = append(sinks, alertSink{"the Alertmanager inside", inside.Replace, inside.FailingSince})
	}
	topics, err := s.openTopics()
	if err != nil || topics == nil {
		return sinks, err
	}
	s.topics = topics
	s.notifiers = append(s.notifiers, part{"alert topics", topics.Run})
	return append(sinks, alertSink{"MQTT", topics.Replace, nil}), nil
}

// alertStartDelay is how long a fresh start waits before it sends, so that what belongs
// together is there together.
const alertStartDelay = 5 * time.Second

// openTopics returns nil when there are to be none, or when no province is known for
// them.
func (s *service) openTopics() (*alertmanager.Topics, error) {
	if !s.config.Alerts.Topics {
		return nil, nil
	}
	areas := s.register.Current().Areas()
	province := slices.IndexFunc(areas, func(a telemetry.Area) bool { return a.Code.IsProvince() })
	if province < 0 {
		s.log.Info("the registry has no province, so alerts are not published over MQTT; see alerts.topics")
		return nil, nil
	}
	return alertmanager.NewTopics(alertmanager.TopicsOptions{
		Publish: func(ctx context.Context, topic string, payload []byte) error {
			return s.client.Publish(ctx, mqtt.Message{Topic: topic, Payload: payload, QoS: mqtt.AtLeastOnce, Retained: true})
		},
		File: dataFolder(s.config.Data).topics(), Area: string(areas[province].Code), Logger: s.log, Registerer: s.prefixed(),
	})
}

// caughtUp returns how to ask whether judgement has seen what the stream held when
// the service began.
func (s *service) caughtUp(ctx context.Context) func() bool {
	var last uint64 // 0, which is always reached, where the stream cannot tell
	if state, err := s.readings.State(ctx); err == nil {
		last = state.Last
	}
	return func() bool { return s.watcher.counted.position.Load() >= last }
}

// followRules reads the rule files again when they change.
func (s *service) followRules(ctx context.Context) error {
	return s.ruleFiles.run(ctx, rulesEvery, func(set *rules.Set) { s.judgement.want(nil, set) }, s.judgement.broken.Store)
}

// alertmanagerHandler serves API v2 of the Alertmanager inside, behind the same door as our
// own API. Its alerts are of all areas, so they are for those who are bound to none; silences
// are for those who may announce maintenance, the rest for administrators.
func (s *service) alertmanagerHandler() http.Handler {
	inside := s.alertmanager.Handler()
	if s.web == nil {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				http.Error(w, "changes need a login: make accounts with phusong accounts add and name their file in access.accounts_file", http.StatusForbidden)
				return
			}
			inside.ServeHTTP(w, r)
		})
	}
	return s.web.gate.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := access.From(r.Context())
		needed := access.Administer
		switch {
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			needed = access.Read
		case strings.HasPrefix(path.Clean(r.URL.Path), alertmanager.Prefix+"/api/v2/silence"):
			needed = access.Maintenance
		}
		switch {
		case !i.Everywhere():
			http.Error(w, "the Alertmanager tells of all areas, and this account is bound to some: ask /api/v1/alerts", http.StatusForbidden)
		case !i.May(needed):
			http.Error(w, "the role "+string(i.Role)+" may not do this", http.StatusForbidden)
		default:
			inside.ServeHTTP(w, r)
		}
	}))
}

// seedEngine tells the engine what the store knows, so that a start without an image
// does not make every device look unseen.
func (s *service) seedEngine(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, seedTimeout)
	defer cancel()
	asking, cancel := context.WithTimeout(ctx, pingTimeout) // a store that says nothing must not cost that long
	defer cancel()
	if err := s.store.Ping(asking); err != nil {
		return err
	}
	var latest []telemetry.Reading
	var newest time.Time
	for _, kind := range telemetry.Kinds() {
		for r, err := range s.store.Latest(ctx, kind) {
			if err != nil {
				return err
			}
			latest = append(latest, r)
			if r.Received.After(newest) {
				newest = r.Received
			}
		}
	}
	if len(latest) == 0 {
		return nil
	}
	slices.SortFunc(latest, func(a, b telemetry.Reading) int {
		return cmp.Or(a.Received.Compare(b.Received), cmp.Compare(a.Device, b.Device))
	})
	s.judgement.Observe(newest, latest)
	return nil
}
