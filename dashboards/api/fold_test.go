package api

import "testing"

func TestPeopleTypeInHaste(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		question string
		want     bool
	}{
		{"", true},
		{"dinh binh", true},
		{"ĐÌNH", true},
		{"ap-1 dinh", true},
		{"dinh2", false},
		{"bình dương", false},
	} {
		if got := holdsWords(fold(test.question), "Điểm Đình Bình Minh", "ap-1"); got != test.want {
			t.Errorf("%q: %v, want %v", test.question, got, test.want)
		}
	}
}
