package alertmanager

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/config/receiver"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/template"
)

// plainText is what stands in for a text whose template fails: one line, of nothing that can fail.
const plainText = `[{{ .Status | toUpper }}] ` +
	`{{ range $i, $a := .Alerts }}{{ if lt $i 20 }}{{ if $i }}; {{ end }}` +
	`{{ $a.Labels.alertname }}{{ range $a.Labels.SortedPairs }}{{ if ne .Name "alertname" }} {{ .Value }}{{ end }}{{ end }}` +
	`{{ with $a.Annotations.summary }}: {{ . }}{{ end }}{{ end }}{{ end }}` +
	`{{ if gt (len .Alerts) 20 }} (20/{{ len .Alerts }}){{ end }}`

// buildReceiver makes the integrations of a receiver. One whose template fails still sends: each
// text that cannot be made is replaced by plainText, logged and counted.
func buildReceiver(r config.Receiver, t *template.Template, log *slog.Logger, m *guardMetrics, h *health) ([]notify.Integration, error) {
	built, err := receiver.BuildReceiverIntegrations(r, t, log)
	if err != nil {
		return nil, err
	}
	guarded := make([]notify.Integration, len(built))
	for i := range built {
		next := &built[i]
		g := guard{next: next, receiver: r, templates: t, metrics: m, health: h, log: log.With("receiver", r.Name, "integration", next.String())}
		guarded[i] = notify.NewIntegration(g, next, next.Name(), next.Index(), r.Name)
	}
	return guarded, nil
}

// guard is an integration that looks at its templates before it sends. Afterwards would be too late:
// an e-mail whose body fails has been begun by then, and goes out empty.
type guard struct {
	next      *notify.Integration
	receiver  config.Receiver
	templates *template.Template
	metrics   *guardMetrics // nil in a mere check, as is health
	health    *health
	log       *slog.Logger
}

// guardMetrics count what guards do of themselves.
type guardMetrics struct {
	failures *prometheus.CounterVec // by receiver and integration
	spared   prometheus.Counter
}

func newGuardMetrics(auto promauto.Factory) *guardMetrics {
	return &guardMetrics{
		failures: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "alertmanager_template_failures_total",
			Help: "Notifications with a text whose template failed, so that a plain line was sent in its place.",
		}, []string{"receiver", "integration"}),
		spared: auto.NewCounter(prometheus.CounterOpts{
			Name: "alertmanager_repeats_spared_total",
			Help: "Repetitions that were not sent because somebody has all alerts of the message in hand.",
		}),
	}
}

// Notify implements [notify.Notifier].
func (g guard) Notify(ctx context.Context, alerts ...*alert.Alert) (retry bool, err error) {
	if reason, _ := notify.NotificationReason(ctx); reason == notify.ReasonRepeatIntervalElapsed && inHand(alerts) {
		g.metrics.spared.Inc()
		return false, nil // and counts as sent: the next repetition is a repeat_interval away
	}
	retry, err = g.send(ctx, alerts)
	if err == nil || !errors.Is(ctx.Err(), context.Canceled) { // else we broke it off
		g.health.report(g.receiver.Name+" "+g.next.String(), err, time.Now())
	}
	return retry, err
}

func (g guard) send(ctx context.Context, alerts []*alert.Alert) (retry bool, err error) {
	data := notify.GetTemplateData(ctx, g.templates, alerts, g.log)
	plain, faults := repaired(g.receiver, g.next.Name(), g.next.Index(), g.templates, data)
	if len(faults) == 0 {
		return g.next.Notify(ctx, alerts...)
	}
	for _, fault := range faults {
		g.log.Error("A template fails; a plain line is sent in its place", "err", fault)
	}
	g.metrics.failures.WithLabelValues(g.receiver.Name, g.next.Name()).Inc()
	built, err := receiver.BuildReceiverIntegrations(plain, g.templates, g.log)
	if err != nil {
		return false, fmt.Errorf("building a receiver without its failing templates: %w", err)
	}
	return built[0].Notify(ctx, alerts...)
}

// inHand reports whether all alerts that fire are acknowledged.
func inHand(alerts []*alert.Alert) bool {
	return !slices.ContainsFunc(alerts, func(a *alert.Alert) bool {
		return !a.Resolved() && a.Annotations[acknowledged] == ""
	})
}

// repaired returns a receiver with only the named integration, in which each text that cannot be
// rendered is plainText, and why each could not. The receiver given is left as it is.
func repaired(r config.Receiver, name string, index int, t *template.Template, data *template.Data) (config.Receiver, []error) {
	plain := config.Receiver{Name: r.Name}
	from, to := reflect.ValueOf(r), reflect.ValueOf(&plain).Elem()
	rep := repairer{templates: t, data: data}
	for i := range from.NumField() {
		kind, isList := strings.CutSuffix(from.Type().Field(i).Name, "Configs")
		if !isList || !strings.EqualFold(kind, name) {
			continue
		}
		one := reflect.MakeSlice(from.Field(i).Type(), 1, 1)
		one.Index(0).Set(from.Field(i).Index(index))
		rep.repair(one.Index(0), name, false)
		to.Field(i).Set(one)
	}
	return plain, rep.faults
}

// repairer walks through a configuration, copies whatever it goes through, and replaces the texts
// that do not render. Secrets and addresses are of other types, and none of its business.
type repairer struct {
	templates *template.Template
	data      *template.Data
	faults    []error
}

func (r *repairer) repair(v reflect.Value, name string, html bool) {
	switch v.Kind() {
	case reflect.String:
		r.repairText(v, name, html)
	case reflect.Pointer:
		if !v.IsNil() {
			fresh := reflect.New(v.Type().Elem())
			fresh.Elem().Set(v.Elem())
			r.repair(fresh.Elem(), name, html)
			v.Set(fresh)
		}
	case reflect.Interface:
		if !v.IsNil() {
			fresh := reflect.New(v.Elem().Type()).Elem()
			fresh.Set(v.Elem())
			r.repair(fresh, name, html)
			v.Set(fresh)
		}
	case reflect.Slice:
		fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(fresh, v)
		for i := range fresh.Len() {
			r.repair(fresh.Index(i), fmt.Sprintf("%s[%d]", name, i), html)
		}
		if !v.IsNil() {
			v.Set(fresh)
		}
	case reflect.Map:
		r.repairMap(v, name, html)
	case reflect.Struct:
		r.repairStruct(v, name)
	default: // holds no text
	}
}

func (r *repairer) repairStruct(v reflect.Value, name string) {
	// Telegram says by its parse mode, Pushover by a switch, that its texts are HTML.
	mode, flag := v.FieldByName("ParseMode"), v.FieldByName("HTML")
	html := mode.Kind() == reflect.String && mode.String() == "HTML" || flag.Kind() == reflect.Bool && flag.Bool()
	for i := range v.NumField() {
		if field := v.Type().Field(i); field.IsExported() {
			r.repair(v.Field(i), name+"."+field.Name, html || field.Name == "HTML")
		}
	}
}

func (r *repairer) repairMap(v reflect.Value, name string, html bool) {
	if v.IsNil() {
		return
	}
	fresh := reflect.MakeMapWithSize(v.Type(), v.Len())
	for key, value := range v.Seq2() {
		member := reflect.New(v.Type().Elem()).Elem()
		member.Set(value)
		r.repair(member, fmt.Sprintf("%s[%v]", name, key), html)
		fresh.SetMapIndex(key, member)
	}
	v.Set(fresh)
}

func (r *repairer) repairText(v reflect.Value, name string, html bool) {
	if v.Type() != reflect.TypeFor[string]() || !strings.Contains(v.String(), "{{") {
		return
	}
	render := r.templates.ExecuteTextString
	if html {
		render = r.templates.ExecuteHTMLString
	}
	if _, err := render(v.String(), r.data); err != nil {
		r.faults = append(r.faults, fmt.Errorf("%s: %w", name, err))
		v.SetString(plainText)
	}
}
