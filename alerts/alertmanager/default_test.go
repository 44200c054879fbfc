package alertmanager

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"

	"github.com/prometheus/alertmanager/template"

	"phusong/internal/testbed"
)

var updateGolden = os.Getenv("UPDATE_GOLDEN") == "1"

const shipped = "../../deploy/alertmanager.yml"

func TestDefaultConfigurationIsRight(t *testing.T) {
	t.Parallel()
	if err := CheckConfig(shipped); err != nil {
		t.Error(err)
	}
	if err := CheckDefault(os.DirFS(filepath.Dir(shipped))); err != nil {
		t.Error(err)
	}
	output, code := testbed.Amtool(t, "check-config", shipped)
	if code != 0 || !strings.Contains(output, "SUCCESS") {
		t.Errorf("amtool check-config ended with %d: %s", code, output)
	}
}

// The routes, asked of amtool: who hears of what.
func TestDefaultRoutes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ labels, want string }{
		{"alertname=Watchdog severity=info incident=i1", "watchdog"},
		{"alertname=StoreAway severity=warning incident=i1", "operations"},
		{"alertname=LedgerUnbalanced severity=critical incident=i1", "operations"},
		{"alertname=AccessPointSilent kind=wifi severity=warning area=25460 site=s1 device=ap-1", "wifi"},
		{"alertname=AccessPointSilent kind=wifi severity=warning area=25459 site=s1 device=ap-1", "wifi-25459,wifi"},
		{"alertname=SiteUplinkDown severity=critical area=25459 site=s1", "operations,wifi-25459,wifi"},
		{"alertname=AreaMassSilence severity=critical area=25460", "operations,wifi"},
		{"alertname=WiFiZeroClients kind=wifi severity=info area=25459 site=s1 device=ap-1", "wifi"},
		{"alertname=DeadZoneFound severity=warning area=25459 operator=45204 zone=z1", "liaison"},
		{"alertname=OperatorOutage severity=critical area=25459 operator=45204", "operations,liaison"},
		{"alertname=ProbeSilent kind=mobile severity=warning area=25459 device=p-1", "liaison"},
		{"alertname=AirVeryBad kind=environment severity=critical area=25459 site=s1 device=e-1", "operations,environment"},
		{"alertname=FromSomebodyElse", "operations"},
	} {
		args := append([]string{"config", "routes", "test", "--config.file=" + shipped}, strings.Fields(test.labels)...)
		output, code := testbed.Amtool(t, args...)
		if code != 0 || strings.TrimSpace(output) != test.want {
			t.Errorf("%s is heard by %q, want %s", test.labels, output, test.want)
		}
	}
}

// The alerts that the configuration names are of the default rule-set.
func TestDefaultNamesRulesThatAreThere(t *testing.T) {
	t.Parallel()
	rules := ""
	files, err := filepath.Glob("../../deploy/rules/*.yml")
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		rules += string(text)
	}
	text, err := os.ReadFile(shipped)
	must(t, err)
	names := 0
	for _, match := range regexp.MustCompile(`alertname=~?"([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
		for name := range strings.SplitSeq(match[1], "|") {
			names++
			if !strings.Contains(rules, "alert: "+name+"\n") {
				t.Errorf("no rule is called %s", name)
			}
		}
	}
	if names < 15 {
		t.Errorf("only %d names were found", names)
	}
}

// A step up is one message, and not also the end of the step before.
func TestDefaultTellsOfTheWorseOnly(t *testing.T) {
	t.Parallel()
	mail := testbed.StartSMTPSink(t)
	text, err := os.ReadFile(shipped)
	must(t, err)
	config := strings.NewReplacer(
		"mail.example.invalid:587", mail.Addr(), "smtp_require_tls: true", "smtp_require_tls: false",
		"receiver: environment\n", "receiver: integrations\n", "group_wait: 15s", "group_wait: 50ms", "group_interval: 1m", "group_interval: 100ms",
		"templates/*.tmpl", templatesGlob(),
	).Replace(string(text))
	config, _, _ = strings.Cut(config, "    telegram_configs:") // e-mail only
	am := start(t, config)
	air := func(name string) Alert {
		a := silent("market", "e-1")
		a.ID, a.Labels["alertname"], a.Labels["kind"] = strings.ToLower(name), name, "environment"
		a.Annotations["summary_vi"] = name
		return a
	}
	am.update(air("AirBad"))
	mail.Await(t, 1)
	am.update(air("AirBad").resolved(), air("AirVeryBad"))
	mail.Await(t, 2)
	testbed.Eventually(t, testbed.Patience, func() error {
		if _, held := lookUp(t, am.registry, "alertmanager_notifications_suppressed_total", "reason=inhibition"); !held {
			return errors.New("nothing was held back yet")
		}
		return nil
	})
	am.update(air("AirVeryBad").resolved())
	mails := mail.Await(t, 3)
	if got := subjects(mails); got != "[CẢNH BÁO] AirBad; [CẢNH BÁO] AirVeryBad; [ĐÃ HẾT] AirVeryBad" {
		t.Errorf("messages: %s", got)
	}
}

func TestDefaultSendsNothing(t *testing.T) {
	t.Parallel()
	l, err := source{file: shipped}.load()
	if err != nil {
		t.Fatal(err)
	}
	e := &Embedded{log: slog.New(slog.DiscardHandler), external: defaultExternalURL}
	receivers, err := e.receivers(l)
	if err != nil {
		t.Fatal(err)
	}
	if len(receivers) != 6 {
		t.Errorf("routes name %d receivers, want 6", len(receivers))
	}
	for name, integrations := range receivers {
		if len(integrations) != 0 {
			t.Errorf("receiver %s would send", name)
		}
	}
}

// The ready blocks work as they stand, once they have an address.
func TestReadyBlocksSend(t *testing.T) {
	t.Parallel()
	mail, web := testbed.StartSMTPSink(t), testbed.StartHTTPSink(t)
	text, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	config := strings.NewReplacer(
		"mail.example.invalid:587", mail.Addr(), "smtp_require_tls: true", "smtp_require_tls: false\n  telegram_api_url: "+web.URL(),
		"http://127.0.0.1:9/alerts", web.URL()+"/alerts", "receiver: wifi\n", "receiver: integrations\n",
		"group_wait: 15s", "group_wait: 10ms", "templates/*.tmpl", templatesGlob(),
	).Replace(string(text))
	am := start(t, config)
	am.update(silent("school", "ap-1"))
	if got := mail.Await(t, 1)[0]; got.Subject != "[CẢNH BÁO] Điểm phát ap-1 mất liên lạc" || !strings.Contains(got.HTML, "Xác nhận đã nhận việc") {
		t.Errorf("e-mail %q:\n%s", got.Subject, got.HTML)
	}
	posts := web.Await(t, 2)
	bodies := map[string]string{posts[0].Path: string(posts[0].Body), posts[1].Path: string(posts[1].Body)}
	if got := bodies["/bot0:replace-me/sendMessage"]; !strings.Contains(got, "Việc cần làm: Kiểm tra nguồn điện") {
		t.Errorf("Telegram got %q of %v", got, bodies)
	}
	if got := bodies["/alerts"]; !strings.Contains(got, `"device":"ap-1"`) {
		t.Errorf("the webhook got %q", got)
	}
}

func TestCheckConfigNamesTheFaultyTemplate(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "alertmanager.yml")
	write(t, file, `
route: {receiver: none}
receivers:
  - name: none
  - name: unused
    webhook_configs: [{url: 'http://127.0.0.1:9/'}]
    telegram_configs: [{bot_token: x, chat_id: -1, parse_mode: HTML, message: '<a href="{{ .Nonsense }}">'}]
`)
	err := CheckConfig(file)
	if err == nil || !strings.Contains(err.Error(), `receiver "unused", telegram[0]: telegram.Message`) || !strings.Contains(err.Error(), "Nonsense") {
		t.Errorf("%v; want the receiver, the integration and the field", err)
	}
}

// Every message that people see, as they see it.
func TestMessages(t *testing.T) {
	t.Parallel()
	l, err := source{file: shipped}.load()
	if err != nil {
		t.Fatal(err)
	}
	l.templates.ExternalURL = defaultExternalURL
	for name, alerts := range messageCases() {
		data := dataOf(l.templates, alerts)
		for _, language := range []string{"vi", "en"} {
			t.Run(name+"."+language, func(t *testing.T) {
				t.Parallel()
				var got strings.Builder
				for _, part := range []string{"subject", "text"} {
					text, err := l.templates.ExecuteTextString(fmt.Sprintf(`{{ template "phusong.%s.%s" . }}`, language, part), data)
					if err != nil {
						t.Fatal(err)
					}
					fmt.Fprintf(&got, "--- %s\n%s\n", part, text)
				}
				html, err := l.templates.ExecuteHTMLString(fmt.Sprintf(`{{ template "phusong.%s.html" . }}`, language), data)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&got, "--- html\n%s\n", html)
				golden(t, filepath.Join("testdata", "messages", name+"."+language+".golden"), got.String())
			})
		}
	}
}

func messageCases() map[string][]Alert {
	began := time.Date(2026, 9, 1, 5, 0, 0, 0, time.UTC)
	at := func(a Alert) Alert {
		a.StartsAt = began
		return a
	}
	over := func(a Alert) Alert {
		a.StartsAt, a.EndsAt = began, began.Add(75*time.Minute)
		return a
	}
	incident := at(Alert{
		ID:     "inc-1",
		Labels: map[string]string{"alertname": "AreaSilent", "severity": "critical", "kind": "wifi", "area": "25459"},
		Annotations: map[string]string{
			"summary_vi": "Phường Tân Ninh: 38 điểm phát mất liên lạc cùng lúc", "summary_en": "Tân Ninh ward: 38 access points fell silent at once",
			"description_vi": "Có thể mất điện hoặc đứt cáp của cả khu vực.", "description_en": "Probably a power cut or a broken cable.",
			"place": "Phường Tân Ninh", "since": "11:58 01/09/2026", "count": "38",
			"list_vi": "ap-0001 Trường THCS Tân Ninh\nap-0002 Bệnh viện đa khoa\n… và 36 điểm khác", "list_en": "ap-0001 Trường THCS Tân Ninh\nap-0002 Bệnh viện đa khoa\n… and 36 more",
			"next_step_vi": "Gọi điện lực Tây Ninh, sau đó nhà mạng.", "next_step_en": "Call the power company, then the carrier.",
		},
		GeneratorURL: "http://localhost:8080/alerts/inc-1",
	})
	hostile := at(Alert{
		Labels:      map[string]string{"alertname": "X", "site": "s"},
		Annotations: map[string]string{"summary": `<script>alert("1")</script> & {{ .Labels }}`, "map_url": "javascript:alert(1)"},
	})
	var many []Alert
	for i := range 25 {
		many = append(many, at(silent("school", fmt.Sprintf("ap-%02d", i))))
	}
	return map[string][]Alert{
		"one":      {at(silent("school", "ap-1"))},
		"three":    {at(silent("school", "ap-1")), at(silent("school", "ap-2")), over(silent("school", "ap-3"))},
		"resolved": {over(silent("school", "ap-1"))},
		"incident": {incident},
		"bare":     {at(Alert{Labels: map[string]string{"alertname": "Something"}})},
		"hostile":  {hostile},
		"many":     many,
	}
}

func dataOf(t *template.Template, alerts []Alert) *template.Data {
	group := model.LabelSet{"alertname": model.LabelValue(alerts[0].Labels["alertname"])}
	data := t.Data("field", group, nil, "first notification")
	for _, a := range alerts {
		one := t.Data("field", group, nil, "first notification", convert(&a, a.StartsAt))
		data.Alerts = append(data.Alerts, one.Alerts...)
		if !a.Firing() {
			data.Alerts[len(data.Alerts)-1].Status = "resolved"
		}
		if len(data.Alerts) == 1 {
			data.CommonLabels, data.CommonAnnotations = one.CommonLabels, one.CommonAnnotations
		}
		for _, common := range []struct{ all, this template.KV }{{data.CommonLabels, one.CommonLabels}, {data.CommonAnnotations, one.CommonAnnotations}} {
			for name, value := range common.all {
				if common.this[name] != value {
					delete(common.all, name)
				}
			}
		}
	}
	return data
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if updateGolden {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, file, got)
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; UPDATE_GOLDEN=1 makes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), UPDATE_GOLDEN=1 takes what is there:\n%s", file, diff)
	}
}
