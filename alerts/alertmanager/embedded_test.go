package alertmanager

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"phusong/internal/testbed"
)

func TestOneMessageForASiteAndOneWhenItIsOver(t *testing.T) {
	t.Parallel()
	mail := testbed.StartSMTPSink(t)
	am := start(t, mailConfig(mail.Addr()))
	alerts := []Alert{silent("school", "ap-1"), silent("school", "ap-2"), silent("school", "ap-3")}
	am.update(alerts...)
	first := mail.Await(t, 1)[0]
	if want := "[CẢNH BÁO] Điểm phát ap-1 mất liên lạc (3 cảnh báo)"; first.Subject != want {
		t.Errorf("subject %q, want %q", first.Subject, want)
	}
	for _, want := range []string{"ap-1", "ap-2", "ap-3", "Kiểm tra nguồn điện", "http://localhost:8080/alerts/silent-ap-2", "Bản đồ: https://www.openstreetmap.org/"} {
		if !strings.Contains(first.Text, want) {
			t.Errorf("the text does not say %q:\n%s", want, first.Text)
		}
	}
	if strings.Join(first.To, " ") != "field@example.invalid" || first.From != "phusong@example.invalid" {
		t.Errorf("from %s to %v", first.From, first.To)
	}
	for i := range alerts {
		alerts[i] = alerts[i].resolved()
	}
	am.update(alerts...)
	second := mail.Await(t, 2)[1]
	if want := "[ĐÃ HẾT] Điểm phát ap-1 mất liên lạc (3 cảnh báo)"; second.Subject != want {
		t.Errorf("subject %q, want %q", second.Subject, want)
	}
	// Of another site, so it shows that nothing more about the first one was on its way.
	am.update(silent("hospital", "ap-9"))
	if all := mail.Await(t, 3); len(all) != 3 || !strings.Contains(all[2].Subject, "ap-9") {
		t.Errorf("%d mails, the third about %q", len(all), all[2].Subject)
	}
}

func TestReceiverAwayHearsThePresentInOrder(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	mail := testbed.StartSMTPSink(t)
	am := start(t, mailConfig(mail.Addr()))
	over := silent("school", "ap-2")
	am.update(silent("school", "ap-1"), over)
	mail.Await(t, 1)
	mail.SetAway(true)
	am.update(over.resolved())
	mail.AwaitRefused(t, 2)
	am.update(silent("school", "ap-3"), silent("hospital", "ap-8"))
	if am.FailingSince().IsZero() {
		t.Error("the receiver is away, and nobody says so")
	}
	mail.AwaitRefused(t, 6) // an hour of it would be more of the same
	mail.SetAway(false)

	// The attempt under way speaks of the state in which it began; the next one of the present.
	var school, hospital []string
	for n := 2; len(hospital) == 0 || !strings.Contains(strings.Join(school, ""), "ap-3"); n++ {
		m := mail.Await(t, n)[n-1]
		if strings.Contains(m.Text, "ap-8") {
			hospital = append(hospital, m.Text)
		} else {
			school = append(school, m.Text)
		}
	}
	testbed.Eventually(t, testbed.Patience, func() error {
		if since := am.FailingSince(); !since.IsZero() {
			return fmt.Errorf("failing since %v although it is back", since)
		}
		return nil
	})
	if len(school) > 2 || len(hospital) != 1 {
		t.Errorf("%d messages about the school and %d about the hospital are a storm: %s", len(school), len(hospital), subjects(mail.All()))
	}
	all := strings.Join(school, "")
	if strings.Count(all, "Đã hết (1)") != 1 || !strings.Contains(all, "• Điểm phát ap-2 mất liên lạc, Trường THCS Tân Ninh, phường Tân Ninh: từ") {
		t.Errorf("that ap-2 is back is not said once:\n%s", all)
	}
	firing, _, _ := strings.Cut(school[len(school)-1], "Đã hết")
	if !strings.Contains(firing, "ap-1") || !strings.Contains(firing, "ap-3") || strings.Contains(firing, "ap-2") {
		t.Errorf("the last message is not the present:\n%s", school[len(school)-1])
	}
}

func subjects(mails []testbed.Mail) string {
	var all []string
	for _, m := range mails {
		all = append(all, m.Subject)
	}
	return strings.Join(all, "; ")
}

func TestFailingTemplateStillSends(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, subject, text string }{
		{"field that is not there", `{{ .Nothing }}`, `fine`},
		{"index out of range", `fine`, `{{ (index .Alerts 7).Labels.site }}`},
		{"template that is not defined", `fine`, `{{ template "nowhere" . }}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			mail := testbed.StartSMTPSink(t)
			am := start(t, fmt.Sprintf(`
global: {smtp_smarthost: %q, smtp_from: phusong@example.invalid, smtp_require_tls: false}
route: {receiver: field, group_wait: 10ms, group_interval: 100ms, group_by: [alertname]}
receivers:
  - name: field
    email_configs:
      - {to: field@example.invalid, headers: {Subject: '%s'}, text: '%s', html: ''}
`, mail.Addr(), test.subject, test.text))
			am.update(silent("school", "ap-1"))
			got := mail.Await(t, 1)[0]
			const plain = "[FIRING] AccessPointSilent 25459 ap-1 wifi warning school"
			if test.subject != "fine" && !strings.HasPrefix(got.Subject, plain) || test.subject == "fine" && got.Subject != "fine" {
				t.Errorf("subject %q", got.Subject)
			}
			if test.text != "fine" && !strings.HasPrefix(got.Text, plain) || test.text == "fine" && got.Text != "fine" {
				t.Errorf("text %q", got.Text)
			}
			if n := metric(t, am.registry, "alertmanager_template_failures_total", "receiver=field", "integration=email"); n != 1 {
				t.Errorf("%v failures counted, want 1", n)
			}
			if !strings.Contains(am.log.String(), "A template fails") {
				t.Error("the log does not say that a template fails")
			}
			am.update(silent("school", "ap-1").resolved())
		})
	}
}

func TestReloadKeepsWhatWasSentAndSilences(t *testing.T) {
	t.Parallel()
	mail, other := testbed.StartSMTPSink(t), testbed.StartSMTPSink(t)
	am := start(t, mailConfig(mail.Addr()))
	am.update(silent("school", "ap-1"))
	mail.Await(t, 1)
	code, id := am.request(http.MethodPost, "/api/v2/silences", silenceOf("site", "hospital"))
	if code != http.StatusOK {
		t.Fatalf("silencing: %d %s", code, id)
	}

	write(t, am.options.ConfigFile, "route: {receiver: nobody}\nreceivers: [{name: field}]\n")
	if code, text := am.request(http.MethodPost, "/-/reload", ""); code != http.StatusInternalServerError || !strings.Contains(text, "nobody") {
		t.Errorf("reloading a wrong file: %d %s", code, text)
	}
	am.update(silent("market", "ap-3"))
	mail.Await(t, 2) // as configured before
	awaitSaved(t, am.options.DataDir, "nflog", "market")

	write(t, am.options.ConfigFile, strings.Replace(mailConfig(other.Addr()), "group_wait: 100ms", "group_wait: 50ms", 1))
	if code, text := am.request(http.MethodPost, "/-/reload", ""); code != http.StatusOK {
		t.Fatalf("reloading: %d %s", code, text)
	}
	am.update(silent("hospital", "ap-2")) // silenced
	am.update(silent("office", "ap-4"))
	if mails := other.Await(t, 1); len(mails) != 1 || !strings.Contains(mails[0].Subject, "ap-4") {
		t.Errorf("after the reload: %s; want one about ap-4, since the school and the market were told and the hospital is silenced", subjects(mails))
	}
	if _, text := am.request(http.MethodGet, "/api/v2/alerts?active=false&silenced=true&inhibited=false", ""); !strings.Contains(text, `"ap-2"`) {
		t.Errorf("the hospital's alert is not shown as silenced: %s", text)
	}
	if len(mail.All()) != 2 {
		t.Errorf("the old receiver got %s", subjects(mail.All()))
	}
}

func silenceOf(label, value string) string {
	now := time.Now()
	body, err := json.Marshal(map[string]any{
		"matchers": []any{map[string]any{"name": label, "value": value, "isRegex": false, "isEqual": true}},
		"startsAt": now, "endsAt": now.Add(time.Hour), "createdBy": "nguyen.van.a", "comment": "sửa điện",
	})
	if err != nil {
		panic(err)
	}
	return string(body)
}

func TestReplaceResolvesWhatIsNotAmongThem(t *testing.T) {
	t.Parallel()
	mail := testbed.StartSMTPSink(t)
	am := start(t, mailConfig(mail.Addr()))
	am.update(silent("school", "ap-1"), silent("hospital", "ap-2"))
	mail.Await(t, 2)
	code, text := am.request(http.MethodPost, "/api/v2/alerts", `[{"labels":{"alertname":"FromOutside","site":"elsewhere"}}]`)
	if code != http.StatusOK {
		t.Fatalf("posting: %d %s", code, text)
	}
	mail.Await(t, 3)
	if err := am.Replace([]Alert{silent("school", "ap-1")}); err != nil {
		t.Fatal(err)
	}
	if got := mail.Await(t, 4)[3].Subject; got != "[ĐÃ HẾT] Điểm phát ap-2 mất liên lạc" {
		t.Errorf("after Replace: %q", got)
	}
	_, text = am.request(http.MethodGet, "/api/v2/alerts", "")
	if !strings.Contains(text, "FromOutside") || !strings.Contains(text, "ap-1") || strings.Contains(text, "ap-2") {
		t.Errorf("alerts after Replace: %s", text)
	}
}

func TestAmtoolWorksWithTheEmbeddedOne(t *testing.T) {
	t.Parallel()
	mail := testbed.StartSMTPSink(t)
	am := start(t, mailConfig(mail.Addr()))
	am.update(silent("school", "ap-1"))
	mail.Await(t, 1)
	tryAmtool(t, am.url())
}

// Acceptance 12: acknowledged, it is not repeated; when the acknowledgement runs out, it is said anew.
func TestAcceptance12AcknowledgedAlertsAreSpared(t *testing.T) {
	t.Parallel()
	mail := testbed.StartSMTPSink(t)
	am := start(t, strings.Replace(mailConfig(mail.Addr()), "repeat_interval: 24h", "repeat_interval: 300ms", 1))
	a := silent("school", "ap-1")
	am.update(a)
	mail.Await(t, 2) // said, and repeated
	a.Acknowledged = true
	am.update(a)
	spared := func() float64 { return metric(t, am.registry, "alertmanager_repeats_spared_total") }
	awaitSpared := func(n float64) {
		t.Helper()
		testbed.Eventually(t, testbed.Patience, func() error {
			if spared() < n {
				return fmt.Errorf("%v repetitions spared", spared())
			}
			return nil
		})
	}
	awaitSpared(1)
	before := len(mail.All())
	awaitSpared(3)
	if mails := mail.All(); len(mails) != before {
		t.Errorf("%d messages while somebody has it in hand", len(mails)-before)
	}
	if _, text := am.request(http.MethodGet, "/api/v2/alerts", ""); !strings.Contains(text, `"acknowledged":"true"`) {
		t.Errorf("the API does not show it: %s", text)
	}

	write(t, am.options.ConfigFile, mailConfig(mail.Addr())) // nothing repeats by itself any more
	must(t, am.Reload())
	a.Acknowledged, a.Renewed = false, 1
	am.update(a)
	if got := mail.Await(t, before+1)[before]; !strings.Contains(got.Subject, "ap-1") {
		t.Errorf("after the acknowledgement: %q", got.Subject)
	}
	am.update(a, silent("hospital", "ap-2"))
	if mails := mail.Await(t, before+2); len(mails) != before+2 || !strings.Contains(mails[before+1].Subject, "ap-2") {
		t.Errorf("it is said more than once: %s", subjects(mails[before:]))
	}
}

// tryAmtool does with amtool what an operator does, on an Alertmanager to which silent("school", "ap-1") fires.
func tryAmtool(t *testing.T, url string) {
	t.Helper()
	amtool := func(want string, args ...string) string {
		t.Helper()
		output, code := testbed.Amtool(t, append([]string{"--alertmanager.url=" + url}, args...)...)
		if code != 0 || !strings.Contains(output, want) {
			t.Fatalf("amtool %s ended with %d and said %q, want %q", strings.Join(args, " "), code, output, want)
		}
		return strings.TrimSpace(output)
	}
	amtool("AccessPointSilent", "alert", "query", "device=ap-1")
	id := amtool("", "silence", "add", "--author=nguyen.van.a", "--comment=sửa điện", "--duration=1h", "site=school")
	amtool(id, "silence", "query", "--quiet", "site=school")
	amtool("ap-1", "alert", "query", "--silenced", "--output=json")
	if left := amtool("", "alert", "query", "--active", "--output=simple", "device=ap-1"); strings.Contains(left, "AccessPointSilent") {
		t.Errorf("still active under a silence: %s", left)
	}
	amtool("", "silence", "expire", id)
	if left := amtool("", "silence", "query", "--quiet"); left != "" {
		t.Errorf("silences after the end: %q", left)
	}
	amtool("field", "config", "show")
	amtool("disabled", "cluster", "show")
}

func TestHandlerRefusesWhatItCannotServe(t *testing.T) {
	t.Parallel()
	am := start(t, "route: {receiver: none}\nreceivers: [{name: none}]\n")
	for _, test := range []struct {
		method, path, body string
		want               int
	}{
		{http.MethodPost, "/api/v2/alerts", `[{"labels":{}}]`, http.StatusBadRequest},
		{http.MethodPost, "/api/v2/alerts", `[`, http.StatusBadRequest},
		{http.MethodGet, "/api/v2/alerts?filter=%5B", "", http.StatusBadRequest},
		{http.MethodGet, "/-/reload", "", http.StatusMethodNotAllowed},
		{http.MethodGet, "/api/v1/alerts", "", http.StatusNotFound},
		{http.MethodGet, "/api/v2/status", "", http.StatusOK},
	} {
		if code, text := am.request(test.method, test.path, test.body); code != test.want {
			t.Errorf("%s %s: %d %s, want %d", test.method, test.path, code, text, test.want)
		}
	}
	request := httptest.NewRequest(http.MethodPost, Prefix+"/-/reload", http.NoBody)
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	recorder := httptest.NewRecorder()
	am.Handler().ServeHTTP(recorder, request)
	if recorder.Code != http.StatusForbidden {
		t.Errorf("a page of another site may reload: %d", recorder.Code)
	}
	am.stop()
	if code, _ := am.request(http.MethodGet, "/api/v2/alerts", ""); code != http.StatusServiceUnavailable {
		t.Errorf("after the end: %d", code)
	}
	am.update(silent("school", "ap-1")) // harmless
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := dir + "/good.yml"
	write(t, good, "route: {receiver: none}\nreceivers: [{name: none}]\n")
	write(t, dir+"/bad.yml", "route: {receiver: none, colour: red}\nreceivers: [{name: none}]\n")
	write(t, dir+"/broken.tmpl", "{{ define")
	write(t, dir+"/template.yml", "route: {receiver: none}\nreceivers: [{name: none}]\ntemplates: [broken.tmpl]\n")
	if err := os.Mkdir(dir+"/damaged", 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/damaged/silences", "no silences")
	log := newLog(t).logger()
	for _, test := range []struct {
		name string
		o    Options
		want string
	}{
		{"no data folder", Options{ConfigFile: good, Logger: log}, "Options.DataDir"},
		{"no logger", Options{ConfigFile: good, DataDir: dir}, "Options.Logger"},
		{"no file and no default", Options{DataDir: dir, Logger: log}, "neither a file nor a default"},
		{"file that is not there", Options{ConfigFile: dir + "/none.yml", DataDir: dir, Logger: log}, "none.yml"},
		{"unknown key", Options{ConfigFile: dir + "/bad.yml", DataDir: dir, Logger: log}, "line 1: field colour not found"},
		{"broken template", Options{ConfigFile: dir + "/template.yml", DataDir: dir, Logger: log}, "broken.tmpl"},
		{"external URL", Options{ConfigFile: good, DataDir: dir, Logger: log, ExternalURL: "phusong"}, `external URL "phusong"`},
		{"damaged silences", Options{ConfigFile: good, DataDir: dir + "/damaged", Logger: log}, "damaged/silences"},
		{"cluster port", Options{ConfigFile: good, DataDir: dir, Logger: log, Cluster: ClusterOptions{Listen: "nonsense"}}, "cluster: opening nonsense"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := New(test.o); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q in it", err, test.want)
			}
		})
	}
}
