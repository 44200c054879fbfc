package mqtt

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// Send publishes what the run asks for and returns when the broker has acknowledged all of it. At the
// end of [FloodRun.For] it stops sending even when less was sent than the rate called for. An
// error, the context's included, ends the connection; the counts are right all the same. One
// goroutine may call Send at a time.
func (f *Flood) Send(ctx context.Context, run FloodRun) (FloodResult, error) {
	if err := run.validate(); err != nil {
		return FloodResult{}, fmt.Errorf("flood run: %w", err)
	}
	// It ends every wait below, since each of them also ends with the connection.
	unwatch := context.AfterFunc(ctx, f.conn.abort)
	defer unwatch()
	began, first := time.Now(), f.sent.Load()
	due, err := f.write(run, began, first)
	if err == nil {
		err = f.awaitAcks()
	}
	result := FloodResult{Due: due, Sent: f.sent.Load() - first, Took: time.Since(began)}
	if acked := f.acked.Load(); acked > first {
		result.Acked = acked - first
	}
	if err == nil {
		return result, nil
	}
	f.conn.abort()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return result, fmt.Errorf("publishing to %s: %w", f.address, err)
}

// write sends until the run is over and returns how many messages it called for.
func (f *Flood) write(run FloodRun, began time.Time, first uint64) (due uint64, err error) {
	tick := time.NewTicker(run.tick())
	defer tick.Stop()
	for {
		goal, last := run.goal(time.Since(began))
		if err := f.fill(first + goal); err != nil {
			return goal, err
		}
		sent := f.sent.Load() - first
		switch {
		case last && (sent == goal || run.For > 0 && time.Since(began) >= run.For):
			if run.Rate == 0 {
				goal = sent
			}
			return goal, nil
		case sent < goal: // the window is full, or was when it was last looked at
			select {
			case <-f.room:
			case <-tick.C: // the time may be over
			case <-f.ended:
				return goal, f.lost()
			}
		default:
			select {
			case <-tick.C:
			case <-f.ended:
				return goal, f.lost()
			}
		}
	}
}

// fill sends messages up to the goal, as far as the window allows.
func (f *Flood) fill(goal uint64) error {
	sent := f.sent.Load()
	// A broker that acknowledges as fast as we send must not keep us from looking at the clock.
	goal = min(goal, sent+f.window)
	for sent < goal && sent-f.acked.Load() < f.window {
		if err := f.encode(sent); err != nil {
			return err
		}
		sent++
		if len(f.batch) >= floodBatch {
			if err := f.flush(sent); err != nil {
				return err
			}
		}
	}
	return f.flush(sent)
}

func (f *Flood) flush(sent uint64) error {
	if len(f.batch) == 0 {
		return nil
	}
	f.sent.Store(sent)
	_, err := f.conn.Write(f.batch)
	f.batch = f.batch[:0]
	if err != nil {
		<-f.ended // the reader knows the reason best, and writing fails on closed connections only
		return f.lost()
	}
	return nil
}

// encode adds the n-th message to the batch as a PUBLISH packet with QoS 1.
func (f *Flood) encode(n uint64) error {
	topic, payload := f.next(n, f.payload[:0])
	if err := (Message{Topic: topic, Payload: payload, QoS: AtLeastOnce}).validate(); err != nil {
		return fmt.Errorf("message %d: %w", n, err)
	}
	b := f.batch
	b = append(b, packets.Publish<<4|byte(AtLeastOnce)<<1)
	b = binary.AppendUvarint(b, uint64(2+len(topic)+2+len(payload))) // MQTT's way to write lengths
	b = binary.BigEndian.AppendUint16(b, uint16(len(topic)))
	b = append(b, topic...)
	b = binary.BigEndian.AppendUint16(b, packetID(n))
	b = append(b, payload...)
	f.batch = b
	if cap(payload) > cap(f.payload) {
		f.payload = payload
	}
	return nil
}

// packetID cycles through all there are. The window is not larger than the cycle, so that an id is not
// used again before its acknowledgement.
func packetID(n uint64) uint16 { return uint16(n%packetIDs) + 1 }

func (f *Flood) awaitAcks() error {
	for f.acked.Load() < f.sent.Load() {
		select {
		case <-f.room:
		case <-f.ended:
			if f.acked.Load() < f.sent.Load() {
				return f.lost()
			}
		}
	}
	return nil
}

// lost says why the connection ended. Only after ended.
func (f *Flood) lost() error { return fmt.Errorf("%w: %w", ErrLost, f.err) }

// read takes acknowledgements until the connection ends.
func (f *Flood) read() {
	defer close(f.ended)
	f.err = f.readAcks()
	f.conn.abort()
}

func (f *Flood) readAcks() error {
	buffer, held := make([]byte, readBufferSize), 0
	for {
		n, err := f.conn.Read(buffer[held:])
		if err != nil {
			return err
		}
		rest, err := f.take(buffer[:held+n])
		f.acked.Store(f.base)
		// The sender is woken for many messages, not for a few: they share its system call.
		if f.sent.Load()-f.base <= f.window/2 {
			select {
			case f.room <- struct{}{}:
			default:
			}
		}
		if err != nil {
			return err
		}
		held = copy(buffer, rest)
		if f.gathers {
			time.Sleep(ackPause)
		}
	}
}

// take consumes the whole packets of p and returns what is left.
func (f *Flood) take(p []byte) ([]byte, error) {
	for len(p) >= 2 {
		switch [2]byte(p) {
		case [2]byte{packets.Pingresp << 4, 0}:
			p = p[2:]
		case [2]byte{packets.Puback << 4, 2}:
			if len(p) < 4 {
				return p, nil
			}
			if err := f.settle(binary.BigEndian.Uint16(p[2:])); err != nil {
				return nil, err
			}
			p = p[4:]
		default:
			return nil, fmt.Errorf("the broker sent % x..., which is no acknowledgement", p[:2])
		}
	}
	return p, nil
}

// settle notes that the message with this packet id is acknowledged. Brokers must keep the order,
// but not all do.
func (f *Flood) settle(id uint16) error {
	place := (uint64(id) + packetIDs - uint64(packetID(f.base))) % packetIDs // 0 for the oldest under way
	_, twice := f.ahead[id]
	if id == 0 || twice || place >= f.sent.Load()-f.base {
		return fmt.Errorf("the broker acknowledged packet %d, which is not under way", id)
	}
	if place > 0 {
		f.ahead[id] = struct{}{}
		return nil
	}
	f.base++
	for len(f.ahead) > 0 {
		id := packetID(f.base)
		if _, there := f.ahead[id]; !there {
			break
		}
		delete(f.ahead, id)
		f.base++
	}
	return nil
}
