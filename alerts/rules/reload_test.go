package rules

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestReloader(t *testing.T) {
	t.Parallel()
	text, fails := good, error(nil)
	reloader, set, err := NewReloader(func() ([]File, error) { return []File{{Name: "a.yml", Data: []byte(text)}}, fails })
	if err != nil || len(set.Rules()) != 2 {
		t.Fatal(err)
	}
	look := func(want bool, wrong string) *Set {
		t.Helper()
		set, err := reloader.Look()
		if (set != nil) != want || (err != nil) != (wrong != "") || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Fatalf("set %v, error %v; want %v, %q", set != nil, err, want, wrong)
		}
		return set
	}
	look(false, "") // nothing changed

	text = strings.Replace(good, "< 30", "< 20", 1)
	look(false, "") // it may be half written
	if changed := look(true, ""); changed.Rules()[0].Expr != "wifi.download_mbps < 20" {
		t.Error(changed.Rules()[0].Expr)
	}
	look(false, "")

	text = strings.Replace(good, "wifi.download_mbps < 30", "wifi.download < 30", 1)
	look(false, "")
	look(false, `a.yml:6:15: there is no fact "wifi.download"`)
	look(false, "") // told once
	if reloader.Broken() == nil {
		t.Error("the files are wrong and nobody knows")
	}

	fails = errors.New("the disk is gone")
	look(false, "")
	look(false, "the disk is gone")
	fails, text = nil, good
	look(false, "")
	look(true, "")
	if reloader.Broken() != nil {
		t.Error(reloader.Broken())
	}

	if _, _, err := NewReloader(func() ([]File, error) { return []File{{Name: "a.yml"}}, nil }); err == nil {
		t.Error("it starts without rules")
	}
}

// TestReloadKeepsState: a rule with another expression and another "for" is the same
// rule, and its state goes on.
func TestReloadKeepsState(t *testing.T) {
	t.Parallel()
	before, err := Parse(File{Name: "a.yml", Data: []byte(good)})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("< 30", "< 20", "for: 1h30m", "for: 10m", "name: wifi", "name: other").Replace(good)
	after, err := Parse(File{Name: "b.yml", Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	old := before.Rules()[0]
	i, ok := after.Index(old.ID())
	if !ok {
		t.Fatalf("%s is gone", old.ID())
	}
	var s State
	s.Step(old, True, begin)
	if s.Expire(after.Rules()[i], begin.Add(10*time.Minute)) != Fired {
		t.Error("the new duration does not count")
	}
	severe, err := Parse(File{Name: "b.yml", Data: []byte(strings.Replace(good, "severity: warning", "severity: critical", 1))})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := severe.Index(old.ID()); ok {
		t.Error("another severity is another alert, since labels identify")
	}
}
