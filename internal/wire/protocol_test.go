package wire_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"phusong/internal/testbed"
	"phusong/internal/wire"
	"phusong/telemetry"
)

func readDoc(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testbed.Root(t), "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The tables of docs/PROTOCOL.md say what the code does, row by row. The document
// may explain more than the code's one line.
func TestProtocolTables(t *testing.T) {
	t.Parallel()
	text := string(readDoc(t, "PROTOCOL.md"))
	tables := map[string][]telemetry.Field{"radio": telemetry.RadioFields()}
	for _, k := range telemetry.Kinds() {
		tables[k.String()] = telemetry.Fields(k)
	}
	for title, fields := range tables {
		var want, got []string
		for _, f := range fields {
			want = append(want, strings.Join([]string{"`" + f.Name + "`", f.Type.String(), f.Unit, rangeOf(&f), f.Help}, " | "))
		}
		for i, row := range fieldRows(text, title) {
			cells := strings.SplitN(row, "|", 6)
			for j := range cells {
				cells[j] = strings.TrimSpace(cells[j])
			}
			if i < len(fields) && len(cells) == 5 && strings.HasPrefix(cells[4], fields[i].Help) {
				cells[4] = fields[i].Help
			}
			got = append(got, strings.Join(cells, " | "))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("PROTOCOL.md, %s (-code +document):\n%s", title, diff)
		}
	}
}

// fieldRows returns the rows of the table below a heading, without their outer bars.
func fieldRows(text, title string) (rows []string) {
	_, section, _ := strings.Cut(text, "\n### "+title+"\n")
	for line := range strings.Lines(section) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			break
		}
		if strings.HasPrefix(line, "| `") {
			rows = append(rows, strings.Trim(line, "| "))
		}
	}
	return rows
}

// rangeOf words the limits of a field for the document.
func rangeOf(f *telemetry.Field) string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	switch f.Type {
	case telemetry.Number, telemetry.Integer:
		return number(f.Min) + " to " + number(f.Max)
	case telemetry.Text:
		if len(f.Values) > 0 {
			return "`" + strings.Join(f.Values, "`, `") + "`"
		}
		return fmt.Sprintf("up to %d bytes", f.MaxLength)
	case telemetry.Radios:
		return fmt.Sprintf("up to %d", telemetry.MaxRadios)
	}
	return ""
}

func TestProtocolConstants(t *testing.T) {
	t.Parallel()
	text := string(readDoc(t, "PROTOCOL.md"))
	for _, want := range []string{
		"`" + wire.Prefix + "/{area}/{kind}/{device}/{channel}`",
		"1 MiB (1,048,576 bytes)",
		fmt.Sprintf("1 to %d of `a-z`, `0-9` and `-`", telemetry.MaxIDLength),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("PROTOCOL.md does not say %q", want)
		}
	}
	if wire.MaxPayload != 1_048_576 || wire.MaxReadings != 10_000 {
		t.Errorf("PROTOCOL.md speaks of 1,048,576 bytes and 10,000 readings; the code of %d and %d", wire.MaxPayload, wire.MaxReadings)
	}
}

// The examples are run as they stand, but for the port, against a real broker.
func TestProtocolExamples(t *testing.T) {
	t.Parallel()
	broker := testbed.Mosquitto(t, testbed.MosquittoOptions{})
	subscriber := []string{"-h", "127.0.0.1", "-p", strconv.Itoa(broker.Port()), "-i", "reader", "-c", "-q", "1", "-t", wire.Filter}
	// A persistent session that exists before the examples run keeps their messages.
	run(t, testbed.Require(t, "mosquitto_sub"), append(subscriber, "-E")...)

	const address = "-h 127.0.0.1 -p 1883 "
	commands := 0
	for _, script := range shellBlocks(string(readDoc(t, "PROTOCOL.md"))) {
		testbed.Require(t, "mosquitto_pub")
		commands += strings.Count(script, address)
		run(t, "sh", "-eu", "-c", strings.ReplaceAll(script, address, fmt.Sprintf("-h 127.0.0.1 -p %d ", broker.Port())))
	}

	out := run(t, testbed.Require(t, "mosquitto_sub"), append(subscriber, "-C", strconv.Itoa(commands), "-W", "30", "-F", "%t %p")...)
	var d wire.Decoder
	readings, messages := 0, 0
	for line := range bytes.Lines(out) {
		topic, payload, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		m := d.Decode(string(topic), payload)
		if len(m.Rejects) != 0 || m.Unknown != 0 {
			t.Errorf("%s: %s", line, describe(m))
		}
		readings += len(m.Readings)
		messages++
	}
	if messages != commands || messages != 6 || readings != 7 {
		t.Errorf("%d commands gave %d messages and %d readings, want 6, 6 and 7:\n%s", commands, messages, readings, out)
	}
}

// shellBlocks returns the fenced blocks of a document that are for a shell.
func shellBlocks(text string) (scripts []string) {
	for _, rest := range strings.Split(text, "\n```sh\n")[1:] {
		script, _, _ := strings.Cut(rest, "\n```")
		scripts = append(scripts, script)
	}
	return scripts
}

func run(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s%s", program, args, err, out, stderr.Bytes())
	}
	return out
}
