package rules

import (
	"errors"
	"strconv"
	"strings"
)

// Annotations returns what the alert of the subject says to people: summary,
// description and next_step in the language for people and, with _vi and _en, in
// each; place, list (in each language, too), since, count and map_url where the
// subject has them; and runbook_url, which is the runbook's page behind base, if base
// is not empty. Values belong here and not into labels, which identify.
//
// The error joins the templates that failed; the annotations are complete all the
// same, with a plain sentence in place of each.
func (r *Rule) Annotations(s *Subject, base string) (map[string]string, error) {
	a := make(map[string]string, 16)
	set := func(key, value string) {
		if value != "" {
			a[key] = value
		}
	}
	var errs []error
	for _, lang := range Languages() {
		message, err := r.Message(lang, s)
		errs = append(errs, err)
		d := newData(r, lang, s)
		for key, value := range map[string]string{
			"summary": message.Summary, "description": message.Description, "next_step": message.NextStep, "list": d.List(),
		} {
			set(key+"_"+lang.String(), value)
			if lang == Vietnamese {
				set(key, value)
			}
		}
	}
	set("place", s.place())
	set("map_url", MapLink(s.At))
	if !s.Since.IsZero() {
		set("since", newData(r, Vietnamese, s).Since())
	}
	if s.Count > 0 {
		set("count", strconv.Itoa(s.Count))
	}
	if base != "" && r.Runbook != "" {
		set("runbook_url", strings.TrimSuffix(base, "/")+"/"+r.Runbook+".md")
	}
	return a, errors.Join(errs...)
}

// place is the smallest place with a name, and the area it lies in.
func (s *Subject) place() string {
	switch {
	case s.Site != "" && s.Area != "":
		return s.Site + ", " + s.Area
	case s.Site != "":
		return s.Site
	}
	return s.Area
}
