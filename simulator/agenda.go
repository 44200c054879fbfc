package simulator

// A turn is when a device wants to be woken.
type turn struct {
	at     int64
	device int
}

func (t turn) before(u turn) bool {
	return t.at < u.at || (t.at == u.at && t.device < u.device)
}

// An agenda is a binary heap of turns, the first on top. It is written out because
// container/heap would box every turn, millions of times.
type agenda []turn

func (a *agenda) push(t turn) {
	*a = append(*a, t)
	h := *a
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h[i].before(h[parent]) {
			return
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
}

// replaceFirst gives the device on top another time.
func (a agenda) replaceFirst(at int64) {
	a[0].at = at
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(a); child++ {
			if a[child].before(a[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		a[i], a[least] = a[least], a[i]
		i = least
	}
}
