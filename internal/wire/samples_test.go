package wire_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"phusong/internal/wire"
	"phusong/telemetry"
)

// A sample is one message of testdata with what it must become.
type sample struct {
	name    string // file/title
	topic   string
	payload []byte
	want    string
}

// Where the samples are: what is accepted, what is rejected and does not fit the
// schemas of docs/asyncapi.yaml either, and what is rejected though it may fit.
const (
	accepted       = "accepted"
	rejected       = "rejected"
	rejectedBeyond = "rejected-beyond-schema"
)

// samples reads testdata/{folder}/*.txtar: sections in pairs, the first named by
// a title and the topic and holding the payload, the second named "want".
func samples(t testing.TB, folder string) []sample {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples in %s: %v", folder, err)
	}
	var all []sample
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for pair := range slices.Chunk(archive.Files, 2) {
			cut := strings.LastIndexByte(pair[0].Name, ' ')
			if cut < 0 || len(pair) != 2 || pair[1].Name != "want" {
				t.Fatalf("%s: after %q: want a section \"title topic\" and a section \"want\"", file, pair[0].Name)
			}
			title, topic := pair[0].Name[:cut], pair[0].Name[cut+1:]
			base := strings.TrimSuffix(filepath.Base(file), ".txtar")
			all = append(all, sample{name: base + "/" + title, topic: topic, payload: pair[0].Data, want: string(pair[1].Data)})
		}
	}
	return all
}

func TestSamples(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{accepted, rejected, rejectedBeyond} {
		for _, s := range samples(t, folder) {
			t.Run(folder+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				var d wire.Decoder
				m := d.Decode(s.topic, s.payload)
				if diff := cmp.Diff(s.want, describe(m)); diff != "" {
					t.Errorf("message (-want +got):\n%s", diff)
				}
				if isGood := len(m.Rejects) == 0; isGood != (folder == accepted) {
					t.Errorf("%d rejects, but the sample lies in %q", len(m.Rejects), folder)
				}
				for _, r := range m.Rejects {
					if !errors.Is(r.Err, telemetry.ErrRejected) {
						t.Errorf("%v does not wrap ErrRejected", r.Err)
					}
				}
			})
		}
	}
}

// A reject keeps the element alone, so that what is listed and replayed is only
// what was bad; the whole message when it could not be taken apart.
func TestRejectKeepsThePayload(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string][]string{
		`[{"clients":1}, {"clients":"x"} ,7]`: {`{"clients":"x"}`, `7`},
		` {"clients":"x"} `:                   {` {"clients":"x"} `},
		`[{"clients":"x"},`:                   {`[{"clients":"x"},`},
	} {
		var d wire.Decoder
		var got []string
		for _, r := range d.Decode(wifiTopic, []byte(payload)).Rejects {
			got = append(got, string(r.Payload))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", payload, diff)
		}
	}
}

// describe writes a message the way the samples do. It shares nothing with the
// encoder but the table of fields.
func describe(m wire.Message) string {
	var b strings.Builder
	for i := range m.Readings {
		describeReading(&b, &m.Readings[i])
	}
	for _, r := range m.Rejects {
		fmt.Fprintf(&b, "reject %v\n", r.Err)
	}
	if m.Unknown > 0 {
		fmt.Fprintf(&b, "unknown %d\n", m.Unknown)
	}
	return b.String()
}

func describeReading(b *strings.Builder, r *telemetry.Reading) {
	fmt.Fprintf(b, "reading %s %s %s", r.Kind, r.Area, r.Device)
	if r.Kind == telemetry.KindStatus {
		fmt.Fprintf(b, " of %s", r.Status.Class)
	}
	b.WriteByte('\n')
	if !r.Time.IsZero() {
		fmt.Fprintf(b, "  time %s\n", r.Time.Format(time.RFC3339Nano))
	}
	if seq, ok := r.Seq.Get(); ok {
		fmt.Fprintf(b, "  seq %d\n", seq)
	}
	for _, f := range telemetry.Fields(r.Kind) {
		describeField(b, f.Name, f.Ref(r))
	}
}

func describeField(b *strings.Builder, name string, ref any) {
	switch p := ref.(type) {
	case *telemetry.Opt[float64]:
		describeValue(b, name, *p)
	case *telemetry.Opt[int64]:
		describeValue(b, name, *p)
	case *telemetry.Opt[bool]:
		describeValue(b, name, *p)
	case *telemetry.Opt[string]:
		describeValue(b, name, *p)
	case *[]telemetry.Radio:
		for i := range *p {
			before := b.Len()
			radio := fmt.Sprintf("%s[%d]", name, i)
			for _, f := range telemetry.RadioFields() {
				describeField(b, radio+"."+f.Name, f.RadioRef(&(*p)[i]))
			}
			if b.Len() == before {
				fmt.Fprintf(b, "  %s\n", radio)
			}
		}
	}
}

func describeValue[T comparable](b *strings.Builder, name string, value telemetry.Opt[T]) {
	if v, ok := value.Get(); ok {
		fmt.Fprintf(b, "  %s %v\n", name, v)
	}
}
