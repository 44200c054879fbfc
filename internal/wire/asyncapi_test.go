package wire_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"phusong/internal/wire"
	"phusong/telemetry"
)

// asyncAPI is docs/asyncapi.yaml, in the types of encoding/json.
type asyncAPI struct{ root any }

func readAsyncAPI(t *testing.T) asyncAPI {
	t.Helper()
	var fromYAML, fromJSON any
	if err := yaml.Unmarshal(readDoc(t, "asyncapi.yaml"), &fromYAML); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(fromYAML)
	if err == nil {
		err = json.Unmarshal(text, &fromJSON)
	}
	if err != nil {
		t.Fatal(err)
	}
	return asyncAPI{root: fromJSON}
}

// find follows a JSON pointer ("/channels/status"), and references on the way; nil
// when there is nothing.
func (d asyncAPI) find(pointer string) any {
	at := d.root
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		members, _ := at.(map[string]any)
		at = members[name]
		if referred, ok := at.(map[string]any); ok {
			if ref, ok := referred["$ref"].(string); ok {
				at = d.find(strings.TrimPrefix(ref, "#"))
			}
		}
	}
	return at
}

func (d asyncAPI) object(t *testing.T, pointer string) map[string]any {
	t.Helper()
	members, ok := d.find(pointer).(map[string]any)
	if !ok {
		t.Fatalf("asyncapi.yaml: there is no object %s", pointer)
	}
	return members
}

// The schemas hold exactly the fields of the code, with the same types, units,
// limits and words.
func TestAsyncAPIFields(t *testing.T) {
	t.Parallel()
	doc := readAsyncAPI(t)
	for schema, fields := range map[string][]telemetry.Field{
		"WifiReading":        telemetry.Fields(telemetry.KindWiFi),
		"Radio":              telemetry.RadioFields(),
		"MobileReading":      telemetry.Fields(telemetry.KindMobile),
		"EnvironmentReading": telemetry.Fields(telemetry.KindEnvironment),
		"StatusReading":      telemetry.Fields(telemetry.KindStatus),
	} {
		want := make(map[string]any)
		for _, f := range fields {
			want[f.Name] = property(&f, schema == "EnvironmentReading")
		}
		got := doc.object(t, "/components/schemas/"+schema+"/properties")
		for _, p := range got {
			delete(p.(map[string]any), "pattern") // tried by the samples
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-code +document):\n%s", schema, diff)
		}
	}
}

// property returns the JSON Schema of a field.
func property(f *telemetry.Field, sentinels bool) map[string]any {
	p := map[string]any{"type": []any{f.Type.String(), "null"}, "description": f.Help}
	if f.Unit != "" {
		p["x-unit"] = f.Unit
	}
	limits := map[string]any{"minimum": f.Min, "maximum": f.Max}
	switch {
	case f.Type == telemetry.Radios:
		p["maxItems"] = float64(telemetry.MaxRadios)
		p["items"] = map[string]any{"$ref": "#/components/schemas/Radio"}
	case f.Type == telemetry.Text && len(f.Values) > 0:
		var enum []any
		for _, v := range f.Values {
			enum = append(enum, v)
		}
		p["enum"] = append(enum, nil)
	case f.Type == telemetry.Text:
		p["maxLength"] = float64(f.MaxLength)
	case f.Type != telemetry.Boolean && sentinels:
		p["anyOf"] = []any{limits, map[string]any{"$ref": "#/components/schemas/NoValue"}}
	case f.Type != telemetry.Boolean:
		maps.Copy(p, limits)
	}
	return p
}

// What we accept fits the schemas. What we reject does not, where a schema can
// tell; where it cannot, the sample lies in the folder that says so.
func TestAsyncAPISamples(t *testing.T) {
	t.Parallel()
	doc := readAsyncAPI(t)
	schemas := doc.compile(t)
	for _, folder := range []string{accepted, rejected, rejectedBeyond} {
		for _, s := range samples(t, folder) {
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(s.payload))
			if err != nil {
				if folder != rejectedBeyond {
					t.Errorf("%s/%s is not JSON: %v", folder, s.name, err)
				}
				continue
			}
			topic, err := wire.ParseTopic(s.topic)
			if err != nil {
				t.Errorf("%s/%s: %v", folder, s.name, err)
				continue
			}
			err = schemas[channelKey{topic.Kind, topic.Channel}].Validate(value)
			if isRefused := err != nil; isRefused != (folder == rejected) {
				t.Errorf("%s/%s: the schema says %v", folder, s.name, err)
			}
		}
	}
}

func TestAsyncAPIExamples(t *testing.T) {
	t.Parallel()
	doc := readAsyncAPI(t)
	schemas := doc.compile(t)
	seen := 0
	for key, address := range doc.addresses(t) {
		channel := doc.channelAt(t, address)
		for name := range doc.object(t, channel+"/messages") {
			for _, e := range doc.find(channel + "/messages/" + name + "/examples").([]any) {
				payload := e.(map[string]any)["payload"]
				if err := schemas[key].Validate(payload); err != nil {
					t.Errorf("%s: the example does not fit: %v", address, err)
				}
				text, err := json.Marshal(payload)
				if err != nil {
					t.Fatal(err)
				}
				var d wire.Decoder
				topic := wire.Topic{Area: "25459", Kind: key.kind, Device: "example-1", Channel: key.channel}
				if m := d.Decode(topic.String(), text); len(m.Rejects) != 0 || m.Unknown != 0 {
					t.Errorf("%s: the example %s gives:\n%s", address, text, describe(m))
				}
				seen++
			}
		}
	}
	if want := 9; seen != want { // one each, status and birth for each kind
		t.Errorf("tried %d examples, want %d", seen, want)
	}
}

// A channelKey is what a channel of the document is for; status and birth are for
// each kind of device.
type channelKey struct {
	kind    telemetry.Kind
	channel wire.Channel
}

// alertsChannel is the one that phusong publishes on; the tests of alerts/alertmanager hold it.
const alertsChannel = "alerts"

// addresses maps what a device can send to the address template it goes to. It
// fails the test unless the document has one for everything, and no other.
func (d asyncAPI) addresses(t *testing.T) map[channelKey]string {
	t.Helper()
	addresses := make(map[channelKey]string)
	for name := range d.object(t, "/channels") {
		if name == alertsChannel {
			continue
		}
		address, _ := d.find("/channels/" + name + "/address").(string)
		for _, kind := range telemetry.DeviceKinds() {
			example := strings.NewReplacer("{area}", "25459", "{kind}", kind.String(), "{device}", "ap-1").Replace(address)
			topic, err := wire.ParseTopic(example)
			if err != nil {
				t.Fatalf("channel %s: %v", name, err)
			}
			addresses[channelKey{topic.Kind, topic.Channel}] = address
		}
	}
	if len(addresses) != 3*3 || len(d.object(t, "/channels")) != 5+1 {
		t.Fatalf("the document has channels for %v; want three kinds with three channels each, in five, and one for alerts", addresses)
	}
	return addresses
}

func (d asyncAPI) channelAt(t *testing.T, address string) string {
	t.Helper()
	for name := range d.object(t, "/channels") {
		if d.find("/channels/"+name+"/address") == address {
			return "/channels/" + name
		}
	}
	t.Fatalf("no channel at %s", address)
	return ""
}

// compile returns the schema of the payload of each channel.
func (d asyncAPI) compile(t *testing.T) map[channelKey]*jsonschema.Schema {
	t.Helper()
	const url = "phusong:asyncapi"
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7) // which AsyncAPI 3 builds on
	compiler.AssertFormat()
	if err := compiler.AddResource(url, d.root); err != nil {
		t.Fatal(err)
	}
	schemas := make(map[channelKey]*jsonschema.Schema)
	for key, address := range d.addresses(t) {
		messages := d.object(t, d.channelAt(t, address)+"/messages")
		if len(messages) != 1 {
			t.Fatalf("%s has %d messages, want 1", address, len(messages))
		}
		for name := range messages {
			payload := d.object(t, "/components/messages/"+name)["payload"].(map[string]any)
			schema, err := compiler.Compile(url + payload["$ref"].(string))
			if err != nil {
				t.Fatal(err)
			}
			schemas[key] = schema
		}
	}
	return schemas
}

func TestAsyncAPIStructure(t *testing.T) {
	t.Parallel()
	doc := readAsyncAPI(t)
	if doc.find("/asyncapi") != "3.0.0" || doc.find("/defaultContentType") != "application/json" {
		t.Errorf("asyncapi %v of %v, want 3.0.0 of application/json", doc.find("/asyncapi"), doc.find("/defaultContentType"))
	}
	root := doc.root.(map[string]any)
	if diff := cmp.Diff([]string{"asyncapi", "channels", "components", "defaultContentType", "info", "operations", "servers"}, slices.Sorted(maps.Keys(root))); diff != "" {
		t.Errorf("members of the document (-want +got):\n%s", diff)
	}
	for _, pointer := range []string{"/info/title", "/info/version", "/servers/demo/host", "/servers/demo/protocol", "/servers/province/host", "/servers/province/protocol"} {
		if text, _ := doc.find(pointer).(string); text == "" {
			t.Errorf("%s is missing", pointer)
		}
	}
	for name := range doc.object(t, "/channels") {
		doc.checkParameters(t, "/channels/"+name)
	}
	doc.checkReferences(t)
	doc.checkOperations(t)
}

// checkParameters makes sure that the parameters are those of the address.
func (d asyncAPI) checkParameters(t *testing.T, channel string) {
	t.Helper()
	address, _ := d.find(channel + "/address").(string)
	if !strings.HasPrefix(address, wire.Prefix+"/") {
		t.Errorf("%s: address %q does not begin with %s/", channel, address, wire.Prefix)
	}
	var inAddress []string
	for level := range strings.SplitSeq(address, "/") {
		if strings.HasPrefix(level, "{") {
			inAddress = append(inAddress, strings.Trim(level, "{}"))
		}
	}
	slices.Sort(inAddress)
	if diff := cmp.Diff(inAddress, slices.Sorted(maps.Keys(d.object(t, channel+"/parameters")))); diff != "" {
		t.Errorf("%s: parameters (-address +listed):\n%s", channel, diff)
	}
	var kinds []any
	for _, k := range telemetry.DeviceKinds() {
		kinds = append(kinds, k.String())
	}
	if diff := cmp.Diff(kinds, d.find("/components/parameters/kind/enum")); diff != "" {
		t.Errorf("kinds (-code +document):\n%s", diff)
	}
}

// checkReferences makes sure that each reference leads somewhere and each
// component is led to.
func (d asyncAPI) checkReferences(t *testing.T) {
	t.Helper()
	used := make(map[string]bool)
	var walk func(node any)
	walk = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			if ref, ok := node["$ref"].(string); ok {
				used[ref] = true
				if len(node) != 1 || !strings.HasPrefix(ref, "#/") || d.find(strings.TrimPrefix(ref, "#")) == nil {
					t.Errorf("reference %v leads nowhere, or has company that would be ignored", node)
				}
			}
			for _, child := range node {
				walk(child)
			}
		case []any:
			for _, child := range node {
				walk(child)
			}
		}
	}
	walk(d.root)
	for section := range d.object(t, "/components") {
		for name := range d.object(t, "/components/"+section) {
			if ref := "#/components/" + section + "/" + name; !used[ref] {
				t.Errorf("%s is not used", ref)
			}
		}
	}
}

// checkOperations makes sure that a device can send on each channel but that of alerts, at
// QoS 1 and retained where it should be.
func (d asyncAPI) checkOperations(t *testing.T) {
	t.Helper()
	operations := make(map[string]int)
	for name := range d.object(t, "/operations") {
		operation := d.root.(map[string]any)["operations"].(map[string]any)[name].(map[string]any)
		channel := operation["channel"].(map[string]any)["$ref"].(string)
		operations[channel]++
		action := "send"
		if channel == "#/channels/"+alertsChannel {
			action = "receive"
		}
		if operation["action"] != action {
			t.Errorf("%s: action is %v, want %s", name, operation["action"], action)
		}
		for _, message := range operation["messages"].([]any) {
			if ref := message.(map[string]any)["$ref"].(string); !strings.HasPrefix(ref, channel+"/messages/") {
				t.Errorf("%s: message %s is not of %s", name, ref, channel)
			}
		}
		address, _ := d.find(strings.TrimPrefix(channel, "#") + "/address").(string)
		want := map[string]any{"qos": 1., "retain": !strings.HasSuffix(address, "/telemetry"), "bindingVersion": "0.2.0"}
		if diff := cmp.Diff(want, d.find("/operations/"+name+"/bindings/mqtt")); diff != "" {
			t.Errorf("%s: MQTT binding (-want +got):\n%s", name, diff)
		}
	}
	for name := range d.object(t, "/channels") {
		if n := operations["#/channels/"+name]; n != 1 {
			t.Errorf("%d operations are on %s, want 1", n, name)
		}
	}
}
