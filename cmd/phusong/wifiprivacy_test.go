package main_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/axiomhq/hyperloglog"

	"phusong/internal/testbed"
	"phusong/telemetry"
)

// phones are the addresses of people's telephones that access points of the test
// know, and must not have told anybody.
func phones(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("a6:5e:60:c1:%02x:%02x", i>>8, i&0xff)
	}
	return list
}

// sketchOfPhones is what docs/PROTOCOL.md tells an access point to make of them.
func sketchOfPhones(t *testing.T, month string, salt []byte, phones []string) string {
	t.Helper()
	sketch, err := hyperloglog.NewSketch(14, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, phone := range phones {
		address, err := hex.DecodeString(strings.ReplaceAll(phone, ":", ""))
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, salt)
		mac.Write(address)
		sketch.InsertHash(binary.BigEndian.Uint64(mac.Sum(nil)))
	}
	data, err := sketch.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	name := hmac.New(sha256.New, salt)
	name.Write([]byte("phusong salt name"))
	return telemetry.UsersSketch{Month: month, Salt: hex.EncodeToString(name.Sum(nil)[:8]), Sketch: data}.String()
}

// Whatever access points send of the people who use them, nothing that is kept or
// said names anybody: not the stream, not the dead letters, not the store, not the
// log, not the metrics.
func TestNobodyIsRecognised(t *testing.T) {
	t.Parallel()
	testbed.Slow(t)
	w := newTown(t, townOptions{})
	w.start()
	people := phones(300)
	salt := []byte("a salt of thirty-two random bytes")
	month := time.Now().In(time.FixedZone("+07", 7*3600)).Format("2006-01")
	topic := telemetryTopic("wifi", "ap-privacy")
	list := `["` + strings.Join(people, `","`) + `"]`
	accepted := []string{
		`{"seq":1,"clients":300,"users_sketch":"` + sketchOfPhones(t, month, salt, people) + `"}`,
		`{"seq":2,"clients":300,"stations":` + list + `}`,
		`{"seq":3,"clients":300,"clients_list":{"` + strings.Join(people, `":-60,"`) + `":-60}}`,
		`{"seq":4,"clients":300,"radios":[{"band":"5","stations":` + list + `}]}`,
	}
	refused := []string{
		`{"seq":5,"marker":"kept-letter","users_sketch":"` + people[0] + `"}`,
		`{"seq":6,"users_sketch":` + list + `}`,
		`{"seq":7,"clients":` + list + `}`,
		`{"seq":8,"clients":"` + strings.ToUpper(strings.ReplaceAll(people[1], ":", "-")) + `"}`,
		`{"seq":9,"clients":` + people[2] + `}`,
		`{"seq":10,"clients":-1,"mac":"` + strings.ReplaceAll(people[3], ":", "") + `"}`,
		strings.Join(people, "\n"),
	}
	for _, payload := range append(accepted, refused...) {
		w.publishFile(topic, payload)
	}
	w.awaitExactly("phusong_readings_stored_total", float64(len(accepted)))
	w.awaitExactly("phusong_readings_waiting", 0)
	code, letters := w.tool("deadletters", "list")
	if n := strings.Count(letters, "ap-privacy"); code != 0 || n < len(refused) {
		t.Errorf("deadletters list ended with %d and tells of %d refusals, want %d:\n%s", code, n, len(refused), letters)
	}
	_, metrics, err := w.get("/metrics")
	if err != nil {
		t.Fatal(err)
	}
	w.stop()

	said := map[string][]byte{"the log": []byte(w.process.Log()), "the metrics": []byte(metrics), "the list of dead letters": []byte(letters)}
	maps.Copy(said, filesIn(t, w.data))
	// What the search would find: the device and the letter are kept.
	device, letter := 0, 0
	for _, data := range said {
		device += holds(data, "ap-privacy")
		letter += holds(data, "kept-letter")
	}
	if device == 0 || letter == 0 {
		t.Fatalf("the search finds the device %d times and the dead letter %d times, and could find nothing", device, letter)
	}
	for where, data := range said {
		for _, phone := range people {
			bare := strings.ReplaceAll(phone, ":", "")
			raw, _ := hex.DecodeString(bare)
			for _, form := range []string{phone, strings.ReplaceAll(phone, ":", "-"), bare, string(raw)} {
				if holds(data, form) > 0 {
					t.Fatalf("%s holds the telephone %s", where, phone)
				}
			}
		}
		if holds(data, string(salt)) > 0 {
			t.Errorf("%s holds the salt", where)
		}
	}
}

// holds counts the text in data: as it is, in capitals, and within base64, in which
// it may begin at any of three places.
func holds(data []byte, text string) int {
	n := bytes.Count(data, []byte(text))
	if upper := strings.ToUpper(text); upper != text {
		n += bytes.Count(data, []byte(upper))
	}
	for skip := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x00", skip) + text))
		from := []int{0, 2, 3}[skip]                     // letters that hold bits of what stands before
		to := (skip + len(text)) * 4 / 3                 // and after
		n += bytes.Count(data, []byte(encoded[from:to])) // at least seven letters of a six-byte text
	}
	return n
}

func filesIn(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	found := make(map[string][]byte)
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		found[strings.TrimPrefix(path, folder)] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
