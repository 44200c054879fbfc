package main_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"phusong/internal/mqtt"
	"phusong/internal/testbed"
)

// A district is a fleet of access points that a test can silence.
type district struct {
	t    *testing.T
	link *mqtt.Link

	mu     sync.Mutex
	points map[string]bool // by id: whether it speaks
}

const districtInterval = time.Second

func newDistrict(t *testing.T, url string) *district {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
	defer cancel()
	link, err := mqtt.Dial(ctx, mqtt.Options{URL: url, ClientID: "district", CleanSession: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	return &district{t: t, link: link, points: make(map[string]bool)}
}

// speak sends a reading of every access point that speaks, once an interval, until
// the test ends.
func (d *district) speak() {
	ctx, cancel := context.WithCancel(d.t.Context())
	done := make(chan struct{})
	d.t.Cleanup(func() { cancel(); <-done })
	go func() {
		defer close(done)
		tick := time.NewTicker(districtInterval)
		defer tick.Stop()
		for {
			d.mu.Lock()
			for id, speaks := range d.points {
				if speaks {
					// Whoever ends the test ends the link too.
					_ = d.link.Publish(ctx, mqtt.Message{Topic: "phusong/v1/25459/wifi/" + id + "/telemetry", QoS: mqtt.AtLeastOnce,
						Payload: fmt.Appendf(nil, `{"time": %d, "clients": 4, "wan_up": true, "portal_ok": true, "auth_ok": true}`, time.Now().UnixMilli())})
				}
			}
			d.mu.Unlock()
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
}

// set lets the access points of a site, but for the last few, speak or fall silent.
func (d *district) set(site string, speaks bool, except int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for id := range d.points {
		if strings.HasPrefix(id, site+"-") {
			n++
		}
	}
	for i := range n - except {
		d.points[fmt.Sprintf("%s-%d", site, i)] = speaks
	}
}

// registry writes a hospital with many access points and other sites around it.
func (d *district) registry(sites map[string]int) map[string]any {
	d.t.Helper()
	dir := d.t.TempDir()
	devices, places := "id,kind,site,area,interval\n", "id,name,category,area,lat,lon,required\n"
	for site, n := range sites {
		places += fmt.Sprintf("%s,Bệnh viện %s,hospital,25459,11.31,106.1,yes\n", site, site)
		for i := range n {
			id := fmt.Sprintf("%s-%d", site, i)
			devices += fmt.Sprintf("%s,wifi,%s,25459,%s\n", id, site, districtInterval)
			d.points[id] = true
		}
	}
	areas := `{"type": "FeatureCollection", "features": [{"type": "Feature",
		"properties": {"code": "25459", "name": "Tân Ninh", "type": "Phường", "parent": "80", "population": 100000},
		"geometry": {"type": "Polygon", "coordinates": [[[106.0, 11.2], [106.2, 11.2], [106.2, 11.4], [106.0, 11.4], [106.0, 11.2]]]}}]}`
	for name, text := range map[string]string{"devices.csv": devices, "sites.csv": places, "areas.geojson": areas} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
	return map[string]any{
		"registry.areas": []string{filepath.Join(dir, "areas.geojson")}, "registry.sites": filepath.Join(dir, "sites.csv"), "registry.devices": filepath.Join(dir, "devices.csv"),
	}
}

// mailConfig is an alertmanager.yml that sends everything but the watchdog by e-mail, in
// our own words and at once.
func mailConfig(t *testing.T, smtp string) string {
	t.Helper()
	return fmt.Sprintf(`
global: {smtp_smarthost: %q, smtp_from: phusong@example.invalid, smtp_require_tls: false}
templates: [%q]
route:
  receiver: team
  group_by: [alertname, incident]
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 1h
  routes: [{receiver: nobody, matchers: [alertname="Watchdog"]}]
receivers:
  - name: nobody
  - name: team
    email_configs:
      - to: team@example.invalid
        send_resolved: true
        headers: {Subject: '{{ template "phusong.vi.subject" . }}'}
        text: '{{ template "phusong.vi.text" . }}'
        html: '{{ template "phusong.vi.html" . }}'
`, smtp, filepath.Join(testbed.Root(t), "deploy", "templates", "*.tmpl"))
}

// The uplink of a hospital with forty access points is cut, and three of them stay
// dead after the repair. People get one message about the uplink, one that it is
// over, and one about the three.
//
// Acceptance test 4 of the project's field study, through Mosquitto, the service,
// Alertmanager and a mail server.
func TestAcceptance04OneCauseOneMessage(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	for _, outside := range []bool{false, true} {
		name := map[bool]string{false: "inside", true: "outside"}[outside]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mails := testbed.StartSMTPSink(t)
			w := newTown(t, townOptions{})
			d := newDistrict(t, w.broker.URL())
			maps.Copy(w.keys, d.registry(map[string]int{"cho-ray": 40, "other-1": 20, "other-2": 20, "other-3": 20}))
			if config := mailConfig(t, mails.Addr()); outside {
				w.keys["alerts.alertmanager.urls"] = []string{testbed.StartAlertmanager(t, testbed.AlertmanagerOptions{Config: config}).URL()}
			} else {
				file := filepath.Join(t.TempDir(), "alertmanager.yml")
				if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
					t.Fatal(err)
				}
				w.keys["alerts.alertmanager.config_file"] = file
			}
			w.configure()
			w.start()
			d.speak()
			w.awaitExactly(`phusong_devices{kind="wifi",state="up"}`, 100)

			d.set("cho-ray", false, 0)
			first := awaitMails(t, mails, 1)[0]
			for _, part := range []string{"Đứt đường truyền", "cho-ray", "40"} {
				if !strings.Contains(first.Subject+first.Text, part) {
					t.Errorf("the first message does not say %q:\n%s\n%s", part, first.Subject, first.Text)
				}
			}
			w.awaitExactly(`phusong_alerts{alertname="AccessPointSilent",area="25459",kind="wifi",severity="warning",told="no"}`, 40)

			d.set("cho-ray", true, 3)
			all := awaitMails(t, mails, 3)
			var over, three int
			for _, m := range all[1:] {
				switch {
				case strings.Contains(m.Text, "Đứt đường truyền"):
					over++
				case strings.Contains(m.Text, "mất liên lạc") && strings.Count(m.Text, "cho-ray-") >= 3:
					three++
				}
			}
			if over != 1 || three != 1 {
				t.Errorf("after the repair: %d messages that the uplink is back, %d about the three:\n%s", over, three, texts(all))
			}

			d.set("cho-ray", true, 0)
			all = awaitMails(t, mails, 4) // and these three are back, in one message
			if last := all[3]; !strings.Contains(last.Text, "cho-ray-39") {
				t.Errorf("the last message:\n%s", last.Text)
			}
			w.awaitExactly(`phusong_devices{kind="wifi",state="up"}`, 100)
			if n := len(mails.All()); n != 4 {
				t.Errorf("%d messages in all, want 4:\n%s", n, texts(mails.All()))
			}
			w.mustBalance()
		})
	}
}

// awaitMails waits longer than usual: who returns with a cause is awaited for two
// minutes.
func awaitMails(t *testing.T, sink *testbed.SMTPSink, n int) []testbed.Mail {
	t.Helper()
	testbed.Eventually(t, 2*time.Minute+testbed.Patience, func() error {
		if got := len(sink.All()); got < n {
			return fmt.Errorf("%d messages, want %d:\n%s", got, n, texts(sink.All()))
		}
		return nil
	})
	return sink.All()
}

func texts(mails []testbed.Mail) string {
	var b strings.Builder
	for _, m := range mails {
		fmt.Fprintf(&b, "--- %s\n%s\n", m.Subject, m.Text)
	}
	return b.String()
}
