package desk

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// Others say the reasons in the languages of their readers, so none may be missing from the list.
func TestEveryRefusalCodeIsListed(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("refusal.go")
	if err != nil {
		t.Fatal(err)
	}
	var declared []RefusalCode
	for _, m := range regexp.MustCompile(`RefusalCode += "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1) {
		declared = append(declared, RefusalCode(m[1]))
	}
	listed := RefusalCodes()
	slices.Sort(declared)
	slices.Sort(listed)
	if len(declared) < 10 || !slices.Equal(declared, listed) || len(slices.Compact(slices.Clone(listed))) != len(listed) {
		t.Errorf("declared %v, listed %v", declared, listed)
	}
}
