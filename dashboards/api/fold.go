package api

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold returns a text as people type it in haste: lower case, without diacritics.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'đ' || r == 'Đ':
			return 'd'
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(text))
}

// holdsWords reports whether every word of an already folded question is in one of the texts.
func holdsWords(question string, texts ...string) bool {
	if question == "" {
		return true
	}
	all := fold(strings.Join(texts, "\n"))
	for word := range strings.FieldsSeq(question) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}
