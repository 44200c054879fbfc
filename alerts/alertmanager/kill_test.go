package alertmanager

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"phusong/internal/testbed"
)

// childEnv makes the test binary an embedded Alertmanager instead: "address folder".
const childEnv = "PHUSONG_TEST_ALERTMANAGER"

func TestMain(m *testing.M) {
	if args := strings.Fields(os.Getenv(childEnv)); len(args) == 2 {
		if err := serveChild(args[0], args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func serveChild(addr, dir string) error {
	am, err := New(Options{ConfigFile: filepath.Join(dir, "alertmanager.yml"), DataDir: filepath.Join(dir, "data"), Logger: new(logBuffer).logger()})
	if err != nil {
		return err
	}
	go func() { fmt.Fprintln(os.Stderr, am.Run(context.Background())) }()
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return err
	}
	return (&http.Server{Handler: am.Handler(), ReadHeaderTimeout: time.Minute}).Serve(listener)
}

// A power cut forgets no silence and repeats no message.
func TestKillKeepsSilencesAndWhatWasSent(t *testing.T) {
	t.Parallel()
	mail, dir, addr := testbed.StartSMTPSink(t), t.TempDir(), testbed.Addr(t)
	write(t, filepath.Join(dir, "alertmanager.yml"), mailConfig(mail.Addr()))
	url := "http://" + addr + Prefix
	boot := func() *testbed.Process {
		p := testbed.Run(t, testbed.Command{Name: "embedded Alertmanager", Path: os.Args[0], Env: []string{childEnv + "=" + addr + " " + dir}})
		testbed.Eventually(t, testbed.Patience, func() error { return ask(t, http.MethodGet, url+"/-/ready", "") })
		return p
	}
	data := filepath.Join(dir, "data")
	school := `{"labels":{"alertname":"AccessPointSilent","site":"school"}}`
	hospital := `{"labels":{"alertname":"AccessPointSilent","site":"hospital"}}`
	market := `{"labels":{"alertname":"AccessPointSilent","site":"market"}}`

	p := boot()
	must(t, ask(t, http.MethodPost, url+"/api/v2/silences", silenceOf("site", "hospital")))
	must(t, ask(t, http.MethodPost, url+"/api/v2/alerts", "["+school+"]"))
	mail.Await(t, 1)
	awaitSaved(t, data, "silences", "hospital")
	awaitSaved(t, data, "nflog", "school")
	p.Kill()

	boot()
	must(t, ask(t, http.MethodPost, url+"/api/v2/alerts", "["+school+","+hospital+"]"))
	// The market comes later, so that it shows what was on its way before.
	testbed.Eventually(t, testbed.Patience, func() error {
		return contains(t, url+"/api/v2/alerts?silenced=true&active=false", "hospital")
	})
	must(t, ask(t, http.MethodPost, url+"/api/v2/alerts", "["+market+"]"))
	if mails := mail.Await(t, 2); len(mails) != 2 || !strings.Contains(mails[1].Text, "market") {
		t.Errorf("after the restart: %s; want the market only", mails[1].Text)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, method, url, body string) error {
	_, err := exchange(t, method, url, body)
	return err
}

func contains(t *testing.T, url, what string) error {
	text, err := exchange(t, http.MethodGet, url, "")
	if err == nil && !strings.Contains(text, what) {
		err = fmt.Errorf("%s does not say %s: %s", url, what, text)
	}
	return err
}
