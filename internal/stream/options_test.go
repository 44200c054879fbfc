package stream_test

import (
	"crypto/tls"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"phusong/internal/stream"
)

func TestOptionsNameTheBadField(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	external := []string{"nats://127.0.0.1:4222"}
	for _, c := range []struct {
		name    string
		options stream.Options
		want    string
	}{
		{"neither", stream.Options{}, "set Dir"},
		{"both", stream.Options{Dir: dir, URLs: external}, "Dir and URLs"},
		{"prefix", stream.Options{Dir: dir, Prefix: "phu.song"}, `Prefix "phu.song"`},
		{"replicas", stream.Options{URLs: external, Replicas: 2}, "Replicas is 2"},
		{"embedded replicas", stream.Options{Dir: dir, Replicas: 3}, "Replicas is for an external cluster"},
		{"embedded TLS", stream.Options{Dir: dir, TLS: &tls.Config{}}, "TLS is for"},
		{"embedded user", stream.Options{Dir: dir, Username: "u"}, "Username/Password is for"},
		{"embedded credentials", stream.Options{Dir: dir, CredentialsFile: "x"}, "CredentialsFile is for"},
		{"no URL", stream.Options{URLs: []string{external[0], "localhost"}}, "URLs[1]"},
		{"scheme", stream.Options{URLs: []string{"http://localhost:4222"}}, `scheme "http"`},
		{"secret in URL", stream.Options{URLs: []string{"nats://u:sesame@localhost:4222"}}, "Username and Password"},
		{"secret in bad URL", stream.Options{URLs: []string{"nats://u:sesame@local host:4222"}}, "URLs[0]"},
		{"password alone", stream.Options{URLs: external, Password: "sesame"}, "Password without Username"},
		{"two identities", stream.Options{URLs: external, Username: "u", CredentialsFile: "x"}, "CredentialsFile and Username"},
		{"no such file", stream.Options{URLs: external, CredentialsFile: filepath.Join(dir, "none.creds")}, "none.creds"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := stream.Open(testContext(t), c.options)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "sesame") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}

func TestLogOptionsNameTheBadField(t *testing.T) {
	t.Parallel()
	s := open(t, stream.Options{Dir: t.TempDir()})
	for _, c := range []struct {
		name    string
		options stream.LogOptions
		want    string
	}{
		{"no name", stream.LogOptions{MaxBytes: 1}, "Name"},
		{"dots", stream.LogOptions{Name: "a.b", MaxBytes: 1}, `Name "a.b"`},
		{"no bound", stream.LogOptions{Name: "a"}, "MaxBytes of a is 0"},
		{"negative age", stream.LogOptions{Name: "a", MaxBytes: 1, Keep: -time.Second}, "Keep of a is -1s"},
		{"unknown choice", stream.LogOptions{Name: "a", MaxBytes: 1, WhenFull: 7}, "WhenFull of a is 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := s.Log(testContext(t), c.options); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
	t.Run("append", func(t *testing.T) {
		t.Parallel()
		l := openLog(t, open(t, stream.Options{Dir: t.TempDir()}), stream.LogOptions{Name: "readings"})
		if _, err := l.Append(testContext(t), "", nil, 1); err == nil {
			t.Error("an empty entry was taken")
		}
		if _, err := l.Append(testContext(t), "", []byte("x"), -1); err == nil {
			t.Error("a negative count was taken")
		}
		if err := l.SavePosition(testContext(t), "a.b", 1); err == nil {
			t.Error("a bad reader name was saved")
		}
		if _, err := l.Position(testContext(t), "*"); err == nil {
			t.Error("a bad reader name was looked up")
		}
	})
}
