package testbed

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
)

// Mail is an e-mail that arrived.
type Mail struct {
	From    string
	To      []string
	Subject string
	Text    string // the text/plain part
	HTML    string // the text/html part
	Raw     string
}

// SMTPSink is a mail server that takes every message. While it is away it greets with 421.
type SMTPSink struct {
	*inbox[Mail]
	addr string
}

// StartSMTPSink starts a mail server for the time of the test.
func StartSMTPSink(t TB) *SMTPSink {
	t.Helper()
	s := &SMTPSink{inbox: newInbox[Mail]()}
	listener := listen(t)
	s.addr = listener.Addr().String()
	var serving sync.WaitGroup
	var mu sync.Mutex
	open := make(map[net.Conn]bool)
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			mu.Lock()
			open[conn] = true
			mu.Unlock()
			serving.Go(func() {
				s.serve(conn)
				_ = conn.Close()
				mu.Lock()
				delete(open, conn)
				mu.Unlock()
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		mu.Lock()
		for conn := range open {
			_ = conn.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return s
}

// Addr returns host:port.
func (s *SMTPSink) Addr() string { return s.addr }

// serve speaks SMTP (RFC 5321) until the client leaves.
func (s *SMTPSink) serve(conn net.Conn) {
	c := textproto.NewConn(conn)
	say := func(line string) bool { return c.PrintfLine("%s", line) == nil }
	if s.refuse() {
		say("421 sink.invalid away")
		return
	}
	say("220 sink.invalid ESMTP")
	var m Mail
	for {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		answer := "250 OK"
		switch strings.ToUpper(verb) {
		case "EHLO", "HELO":
			answer = "250 sink.invalid"
		case "MAIL":
			m = Mail{From: address(rest)}
		case "RCPT":
			m.To = append(m.To, address(rest))
		case "DATA":
			if !say("354 go ahead") {
				return
			}
			raw, err := c.ReadDotBytes()
			if err != nil {
				return
			}
			m.read(raw)
			s.update(func() { s.items = append(s.items, m) })
		case "RSET":
			m = Mail{}
		case "NOOP":
		case "QUIT":
			say("221 bye")
			return
		default:
			answer = "502 not implemented"
		}
		if !say(answer) {
			return
		}
	}
}

// address takes "FROM:<a@b> SIZE=1" apart.
func address(rest string) string {
	_, rest, _ = strings.Cut(rest, "<")
	rest, _, _ = strings.Cut(rest, ">")
	return rest
}

// read fills in what the message says. What cannot be read is left to the test to notice.
func (m *Mail) read(raw []byte) {
	m.Raw = string(raw)
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		m.Text = fmt.Sprintf("unreadable: %v", err)
		return
	}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		m.Subject = fmt.Sprintf("unreadable: %v", err)
	}
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		return
	}
	for parts := multipart.NewReader(message.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if err != nil {
			return
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			body = fmt.Appendf(nil, "unreadable: %v", err)
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			m.HTML = string(body)
		} else {
			m.Text = string(body)
		}
	}
}
