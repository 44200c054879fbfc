package alertmanager

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"phusong/internal/testbed"
)

// What is published is what docs/asyncapi.yaml and docs/PROTOCOL.md promise, member by member.
func TestTopicsKeepTheProtocol(t *testing.T) {
	t.Parallel()
	var topic string
	var payload []byte
	all, err := NewTopics(TopicsOptions{
		Publish: func(_ context.Context, at string, message []byte) error {
			topic, payload = at, message
			return nil
		},
		File: filepath.Join(t.TempDir(), "topics.json"), Area: "80", Logger: newLog(t).logger(),
	})
	must(t, err)
	full := silent("school", "ap-1")
	full.GeneratorURL = "http://localhost:8080/alerts/silent-ap-1"
	must(t, all.Update([]Alert{full}))
	must(t, all.publishPending(t.Context()))

	document := readYAML(t, "docs/asyncapi.yaml")
	const url = "phusong:asyncapi"
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7) // which AsyncAPI 3 builds on
	compiler.AssertFormat()
	must(t, compiler.AddResource(url, document))
	schema, err := compiler.Compile(url + "#/components/schemas/Alert")
	must(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(payload))
	must(t, err)
	if err := schema.Validate(value); err != nil {
		t.Errorf("the schema refuses %s: %v", payload, err)
	}
	channel := document.(map[string]any)["channels"].(map[string]any)["alerts"].(map[string]any)["address"]
	if want := strings.NewReplacer("{area}", "25459", "{id}", "silent-ap-1").Replace(channel.(string)); topic != want {
		t.Errorf("topic %s, want %s", topic, want)
	}
	properties := document.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any)["Alert"].(map[string]any)["properties"].(map[string]any)
	page, err := os.ReadFile(filepath.Join(testbed.Root(t), "docs", "PROTOCOL.md"))
	must(t, err)
	for member := range value.(map[string]any) {
		if properties[member] == nil {
			t.Errorf("asyncapi.yaml does not know %q", member)
		}
		if !strings.Contains(string(page), "\n| `"+member+"` |") {
			t.Errorf("PROTOCOL.md does not know %q", member)
		}
		delete(properties, member)
	}
	if len(properties) != 0 {
		t.Errorf("not published: %v", properties)
	}
}

// readYAML returns a document of the checkout, in the types of encoding/json.
func readYAML(t *testing.T, name string) any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testbed.Root(t), name))
	must(t, err)
	var fromYAML, fromJSON any
	must(t, yaml.Unmarshal(text, &fromYAML))
	text, err = json.Marshal(fromYAML)
	must(t, err)
	must(t, json.Unmarshal(text, &fromJSON))
	return fromJSON
}
