package stream

import "github.com/nats-io/nats.go"

// Hear gives the reader a message as if it had arrived, and reports whether it is an entry.
func (r *Reader) Hear(m *nats.Msg) bool {
	_, entry := r.accept(m)
	return entry
}

// Request returns the number of the newest request, 0 while detached, and where its answers arrive.
func (r *Reader) Request() (number int, reply string) {
	if r.sub == nil {
		return 0, ""
	}
	return r.request, r.reply()
}
