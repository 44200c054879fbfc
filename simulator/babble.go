package simulator

import (
	"fmt"
	"time"
)

// babble sends nonsense while the scenario says that the device has gone mad. Its
// readings go on beside it.
func (f *fleet) babble(r *run, now int64) {
	due := r.babbleAt != 0 && now >= r.babbleAt
	r.babbleAt = 0
	for _, e := range f.world.effects.devices[r.index] {
		if e.Do != "malformed" || now >= e.to {
			continue
		}
		every := millis(time.Duration(e.Every))
		if now < e.from {
			r.babbleAt = soonest(r.babbleAt, e.from)
			continue
		}
		r.babbleAt = soonest(r.babbleAt, now+every-(now-e.from)%every)
		if r.connected && (due || now == e.from) {
			f.emit(Event{
				At: instant(now), Device: r.ID, Action: Publish,
				Topic: r.topics[topicTelemetry], Raw: nonsense(key(r.key, forGarbage, uint64(now))),
			})
		}
	}
}

// nonsense is what broken firmware really sends.
func nonsense(h uint64) []byte {
	n := mix(h) % 100
	switch h % 9 {
	case 0:
		return fmt.Appendf(nil, `{"time":17900000001%02d,"clients":`, n) // cut off
	case 1:
		return []byte(`{"clients":"12","uptime_s":1}`) // numbers as text
	case 2:
		return []byte(`{"cpu":NaN}`)
	case 3:
		return fmt.Appendf(nil, "OK+%02d\r\n", n) // a modem's answer
	case 4:
		return []byte(`{"id":"somebody-else","clients":1,"pm25_ugm3":1}`)
	case 5:
		return fmt.Appendf(nil, `{"clients":-%d,"temperature_c":%d000}`, n+1, n+1) // impossible values
	case 6:
		return []byte{0xff, 0xfe, 0x00, byte(n)}
	case 7:
		return []byte(`[]`)
	default:
		return []byte(`[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]`)
	}
}
