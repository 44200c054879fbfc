package rules

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// A Set is the rules of all files together. It does not change: a reload makes
// another one, and states go over by [Rule.ID].
type Set struct {
	rules   []*Rule
	byID    map[string]int
	byTable map[*Table][]int
}

// Parse reads and checks rule files. The error joins everything that is wrong with
// them, each a [*FileError], and then there is no set: half a rule-set is refused as a
// whole.
func Parse(files ...File) (*Set, error) {
	s := &Set{byID: make(map[string]int), byTable: make(map[*Table][]int)}
	var errs []error
	for _, f := range files {
		rules, wrong := readFile(f)
		errs = append(errs, wrong...)
		for _, rule := range rules {
			if first, twice := s.byID[rule.id]; twice {
				errs = append(errs, &FileError{File: rule.File, Line: rule.Line, Message: fmt.Sprintf(
					"the alert %s with the same scope and labels is also in %s:%d: give one of them another name or label",
					rule.Alert, s.rules[first].File, s.rules[first].Line)})
				continue
			}
			s.byID[rule.id] = len(s.rules)
			s.rules = append(s.rules, rule)
		}
	}
	if len(s.rules) > maxRules {
		errs = append(errs, fmt.Errorf("there are %d rules, more than %d", len(s.rules), maxRules))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	for _, t := range AllTables() {
		for i, rule := range s.rules {
			if rule.Applies(t) {
				s.byTable[t] = append(s.byTable[t], i)
			}
		}
	}
	return s, nil
}

// Load reads the files that the patterns match, in the order of their names. A
// pattern that matches none is an error: rules that are silently not there are health
// that nobody checked.
func Load(patterns ...string) (*Set, error) {
	files, err := Files(patterns...)
	if err != nil {
		return nil, err
	}
	return Parse(files...)
}

// Files reads the files that the patterns match, each once, by name.
func Files(patterns ...string) ([]File, error) {
	var names []string
	for _, pattern := range patterns {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("rule files %s: %w", pattern, err)
		}
		if len(matches) == 0 {
			return nil, fmt.Errorf("there is no rule file %s", pattern)
		}
		names = append(names, matches...)
	}
	slices.Sort(names)
	var files []File
	for _, name := range slices.Compact(names) {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("rule file: %w", err)
		}
		files = append(files, File{Name: name, Data: data})
	}
	return files, nil
}

// LoadFS is Load for files of fsys, such as the default rule-set in the program.
func LoadFS(fsys fs.FS, pattern string) (*Set, error) {
	names, err := fs.Glob(fsys, pattern)
	if err != nil {
		return nil, fmt.Errorf("rule files %s: %w", pattern, err)
	}
	var files []File
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("rule file: %w", err)
		}
		files = append(files, File{Name: name, Data: data})
	}
	return Parse(files...)
}

// Rules returns the rules in the order of files and lines. The caller must not change
// it. A rule's index is its number in For.
func (s *Set) Rules() []*Rule { return s.rules }

// For returns the indices of the rules that judge subjects with the table. The caller
// must not change it.
func (s *Set) For(t *Table) []int { return s.byTable[t] }

// Index returns the index of the rule with the ID, and whether there is one.
func (s *Set) Index(id string) (int, bool) {
	i, ok := s.byID[id]
	return i, ok
}
