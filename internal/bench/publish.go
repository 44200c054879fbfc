package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
)

// The wire of the messages. The beacon is one device among the others whose readings are watched on
// their way into the store.
const (
	topicFilter = "phusong/v1/+/wifi/+/telemetry"
	benchArea   = "25459"
	beacon      = "ap-0"
)

func deviceName(i int) string { return "ap-" + strconv.Itoa(i) }

// publication is what one run of the publisher sends.
type publication struct {
	addr        string
	count       int // messages in all
	rate        int // messages a second, 0 for as many as the broker takes
	devices     int
	connections int
	window      int // messages under way on a connection before it waits for acknowledgements
}

// published is what the publisher reports, as JSON on standard output.
type published struct {
	Count       int
	First, Last time.Time // of the first message given to the broker and the last acknowledgement
	Bytes       int       // of payload, in all
}

// runPublish is the publisher's process. It encodes MQTT itself: a client library would compete for
// the cores with the programs that are measured.
func runPublish(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var p publication
	flags := flag.NewFlagSet("publish", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&p.addr, "addr", "", "host:port of the broker")
	flags.IntVar(&p.count, "count", 1000, "messages to send")
	flags.IntVar(&p.rate, "rate", 0, "messages a second, 0 for as many as the broker takes")
	flags.IntVar(&p.devices, "devices", 1000, "devices to send for")
	flags.IntVar(&p.connections, "connections", 4, "connections to send over")
	flags.IntVar(&p.window, "window", 500, "messages under way on each connection")
	if err := flags.Parse(args); err != nil {
		return err
	}
	report, err := p.send(ctx)
	if err != nil {
		return fmt.Errorf("publishing: %w", err)
	}
	return json.NewEncoder(stdout).Encode(report)
}

// send shares the devices among the connections, so that each device's readings stay in order.
func (p publication) send(ctx context.Context) (published, error) {
	lanes := make([]*lane, 0, p.connections)
	defer func() {
		for _, lane := range lanes {
			_ = lane.conn.Close()
		}
	}()
	for i := range p.connections {
		lane, err := p.open(ctx, i)
		if err != nil {
			return published{}, err
		}
		lanes = append(lanes, lane)
	}
	report := published{Count: p.count, First: time.Now()}
	group, ctx := errgroup.WithContext(ctx)
	for _, lane := range lanes {
		group.Go(func() error { return lane.send(ctx) })
		group.Go(func() error { return lane.readAcks() })
		context.AfterFunc(ctx, func() { _ = lane.conn.Close() }) // unblocks both
	}
	err := group.Wait()
	report.Last = time.Now()
	for _, lane := range lanes {
		report.Bytes += lane.bytes
	}
	return report, err
}

// lane is one connection: one goroutine writes, one reads acknowledgements.
type lane struct {
	conn     net.Conn
	share    publication   // this lane's count and rate
	devices  []source      // the writer's
	bytes    int           // the writer's until send returns
	packet   []byte        // the writer's, reused
	inFlight chan struct{} // one entry for each message without acknowledgement
}

// source is one simulated access point.
type source struct {
	topic    string
	seq      int64
	lastTime int64 // Unix milliseconds; strictly growing, for the time is part of a reading's key
}

func (p publication) open(ctx context.Context, index int) (*lane, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", p.addr)
	if err != nil {
		return nil, err
	}
	l := &lane{conn: conn, share: p, packet: make([]byte, 512), inFlight: make(chan struct{}, p.window)}
	l.share.count = part(p.count, p.connections, index)
	l.share.rate = part(p.rate, p.connections, index)
	for i := index; i < p.devices; i += p.connections {
		l.devices = append(l.devices, source{topic: "phusong/v1/" + benchArea + "/wifi/" + deviceName(i) + "/telemetry"})
	}
	id := "bench-" + strconv.Itoa(index)
	connect := []byte{0x10, byte(12 + len(id)), 0, 4, 'M', 'Q', 'T', 'T', 4, 0x02, 0, 0, 0, byte(len(id))}
	if _, err := conn.Write(append(connect, id...)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	var answer [4]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if answer != [4]byte{0x20, 2, 0, 0} {
		return nil, errors.Join(fmt.Errorf("the broker refused with % x", answer), conn.Close())
	}
	return l, nil
}

func part(total, parts, index int) int {
	share := total / parts
	if index < total%parts {
		share++
	}
	return share
}

// send writes the lane's messages, and at a given rate a fresh handful every few milliseconds.
func (l *lane) send(ctx context.Context) error {
	out := bufio.NewWriterSize(l.conn, 32<<10)
	var due <-chan time.Time
	start := time.Now()
	if l.share.rate > 0 {
		ticker := time.NewTicker(2 * time.Millisecond)
		defer ticker.Stop()
		due = ticker.C
	}
	for sent := 0; sent < l.share.count; {
		goal := l.share.count
		if due != nil {
			if err := out.Flush(); err != nil {
				return err
			}
			select {
			case now := <-due:
				goal = min(goal, int(now.Sub(start).Seconds()*float64(l.share.rate)))
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		for ; sent < goal; sent++ {
			select {
			case l.inFlight <- struct{}{}:
			default: // the window is full: what is buffered must go out before waiting
				if err := out.Flush(); err != nil {
					return err
				}
				select {
				case l.inFlight <- struct{}{}:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			if _, err := out.Write(l.encode(sent, time.Now().UnixMilli())); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

// encode returns a PUBLISH packet at QoS 1, valid until the next call.
func (l *lane) encode(n int, now int64) []byte {
	s := &l.devices[n%len(l.devices)]
	s.seq++
	s.lastTime = max(now, s.lastTime+1)
	const headerRoom = 5 // the type and a length of up to four bytes
	p := l.packet[:headerRoom]
	p = binary.BigEndian.AppendUint16(p, uint16(len(s.topic)))
	p = append(p, s.topic...)
	p = binary.BigEndian.AppendUint16(p, uint16(n%65535+1))
	payload := len(p)
	p = appendPayload(p, s.lastTime, s.seq)
	l.bytes += len(p) - payload
	l.packet = p

	header := binary.AppendUvarint([]byte{0x32}, uint64(len(p)-headerRoom))
	start := headerRoom - len(header)
	copy(p[start:], header)
	return p[start:]
}

// appendPayload appends what an access point reports, about 200 bytes, with values that change as
// real ones do, so that neither compression nor the store has an unusually easy time.
func appendPayload(p []byte, unixMilli, seq int64) []byte {
	field := func(name string, value int64) {
		p = append(append(append(p, `,"`...), name...), `":`...)
		p = strconv.AppendInt(p, value, 10)
	}
	p = append(p, `{"time":`...)
	p = strconv.AppendInt(p, unixMilli, 10)
	field("seq", seq)
	field("clients", 7+(unixMilli>>4)%23)
	field("rx_bytes", 1_000_000+unixMilli%1_000_000*7)
	field("tx_bytes", 6_000_000+unixMilli%1_000_000*31)
	p = append(p, `,"wan_up":true,"wan_latency_ms":`...)
	p = strconv.AppendFloat(p, 10+float64(unixMilli%97)/8, 'f', 3, 64)
	p = append(p, `,"wan_loss":0.001,"portal_ok":true`...)
	field("uptime_s", 86_400+unixMilli/1000%100_000)
	p = append(p, `,"cpu":0.`...)
	p = strconv.AppendInt(p, 10+unixMilli%83, 10)
	p = append(p, `,"memory":0.`...)
	p = strconv.AppendInt(p, 30+unixMilli%29, 10)
	p = append(p, `,"temperature_c":41.`...)
	p = strconv.AppendInt(p, unixMilli%10, 10)
	return append(p, '}')
}

// readAcks returns when every message has been acknowledged.
func (l *lane) readAcks() error {
	in := bufio.NewReaderSize(l.conn, 16<<10)
	var ack [4]byte
	for range l.share.count {
		if _, err := io.ReadFull(in, ack[:]); err != nil {
			return fmt.Errorf("waiting for an acknowledgement: %w", err)
		}
		if ack[0] != 0x40 || ack[1] != 2 {
			return fmt.Errorf("the broker sent % x, want a PUBACK", ack)
		}
		<-l.inFlight
	}
	return nil
}
