package stream_test

import (
	"bytes"
	"context"
	"testing"

	"phusong/internal/stream"
)

// batch is what ingest appends: 100 readings of 200 bytes.
func batch() []byte { return bytes.Repeat([]byte("0123456789"), 20*100) }

func BenchmarkAppend(b *testing.B) {
	l := openLog(b, open(b, stream.Options{Dir: b.TempDir()}), stream.LogOptions{Name: "readings", MaxBytes: 64 << 30})
	data, ctx := batch(), context.Background()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Append(ctx, "", data, 100); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	l := openLog(b, open(b, stream.Options{Dir: b.TempDir()}), stream.LogOptions{Name: "readings", MaxBytes: 64 << 30})
	data, ctx := batch(), context.Background()
	const stored = 2000
	for range stored {
		if _, err := l.Append(ctx, "", data, 100); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	var r *stream.Reader
	read := stored
	for b.Loop() {
		if read == stored { // begin again
			if r != nil {
				r.Close()
			}
			read, r = 0, openReader(b, l, 1)
		}
		if _, err := r.Next(ctx); err != nil {
			b.Fatal(err)
		}
		read++
	}
}

func BenchmarkSavePosition(b *testing.B) {
	l := openLog(b, open(b, stream.Options{Dir: b.TempDir()}), stream.LogOptions{Name: "readings"})
	ctx := context.Background()
	b.ReportAllocs()
	for seq := uint64(1); b.Loop(); seq++ {
		if err := l.SavePosition(ctx, "store", seq); err != nil {
			b.Fatal(err)
		}
	}
}
