package dashboards

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// page serves /metrics. The series of its sources, tens of thousands in a province, go
// straight into text: a registry makes an object of each, sorts and compares them,
// which costs ten times as much, at every scrape. That the page says what a registry
// would is a test. What others register is little and comes through the gatherer.
type page struct {
	gatherer prometheus.Gatherer
	sources  []Source
	blocks   []block // of the sources' families, by name
	log      *slog.Logger
	free     chan struct{} // one for each scrape that may run
	drafts   sync.Pool     // of *draft
	zips     sync.Pool     // of *gzip.Writer
}

// A block is what is fixed in the text of a family.
type block struct {
	family *family
	name   string // prefixed
	// order are the labels by name; before[i] is what stands before the value of the i-th.
	order  []int
	before []string
}

// pageFormats are what Prometheus may ask for, the best first.
var pageFormats = []expfmt.Format{expfmt.FmtOpenMetrics_1_0_0, expfmt.FmtOpenMetrics_0_0_1, expfmt.FmtText}

// newPage panics when two families of the sources are at odds, as a registry does.
func newPage(gatherer prometheus.Gatherer, prefix string, sources []Source, log *slog.Logger) *page {
	p := &page{gatherer: gatherer, sources: sources, log: log, free: make(chan struct{}, mostScrapes)}
	rules := prometheus.NewRegistry()
	for _, s := range sources {
		rules.MustRegister(s)
		for _, f := range s.base().families {
			p.blocks = append(p.blocks, newBlock(f, prefix))
		}
	}
	slices.SortFunc(p.blocks, func(a, b block) int { return cmp.Compare(a.name, b.name) })
	p.drafts.New = func() any { return newDraft(p.blocks) }
	p.zips.New = func() any {
		z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level exists
		return z
	}
	return p
}

func newBlock(f *family, prefix string) block {
	b := block{family: f, name: prefix + f.name, order: make([]int, len(f.labels)), before: make([]string, len(f.labels))}
	for i := range b.order {
		b.order[i] = i
	}
	slices.SortFunc(b.order, func(x, y int) int { return cmp.Compare(f.labels[x], f.labels[y]) })
	opening := "{"
	for i, n := range b.order {
		b.before[i] = opening + f.labels[n] + `="`
		opening = `",`
	}
	return b
}

// ServeHTTP implements http.Handler.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case p.free <- struct{}{}:
		defer func() { <-p.free }()
	default:
		http.Error(w, fmt.Sprintf("%d scrapes are running already; try again later", mostScrapes), http.StatusServiceUnavailable)
		return
	}
	format := expfmt.NegotiateAccept(r.Header, pageFormats...)
	d := p.drafts.Get().(*draft)
	defer p.drafts.Put(d)
	d.reset()
	for _, s := range p.sources {
		s.base().walk(series{text: d})
	}
	if err := d.gather(p.gatherer, format); err != nil {
		p.log.Error("metrics could not be gathered", "error", err)
		http.Error(w, "gathering metrics: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Add("Vary", "Accept, Accept-Encoding")
	h.Set("Content-Type", string(format))
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		_ = d.write(w, p.blocks, format) // the client may be gone
		return
	}
	h.Set("Content-Encoding", "gzip")
	z := p.zips.Get().(*gzip.Writer)
	defer p.zips.Put(z)
	z.Reset(w)
	_ = d.write(z, p.blocks, format)
	_ = z.Close()
}

// A draft is the text of one scrape in the making. It is kept for the next, so it is as
// large as the largest page was.
type draft struct {
	lines  map[*family]*lines
	others bytes.Buffer // the gatherer's
}

// lines are the samples of a family.
type lines struct {
	block *block
	text  []byte
}

func newDraft(blocks []block) *draft {
	d := &draft{lines: make(map[*family]*lines, len(blocks))}
	for i := range blocks {
		d.lines[blocks[i].family] = &lines{block: &blocks[i]}
	}
	return d
}

func (d *draft) reset() {
	for _, l := range d.lines {
		l.text = l.text[:0]
	}
	d.others.Reset()
}

// add writes one sample.
func (d *draft) add(f *family, v float64, labels []string) {
	l := d.lines[f]
	text := l.text
	text = append(text, l.block.name...)
	for i, n := range l.block.order {
		text = append(text, l.block.before[i]...)
		text = appendLabel(text, labels[n])
	}
	if len(labels) > 0 {
		text = append(text, `"}`...)
	}
	text = append(text, ' ')
	text = appendNumber(text, v)
	text = append(text, '\n')
	l.text = text
}

// gather adds what others have registered, and the end of the page.
func (d *draft) gather(from prometheus.Gatherer, format expfmt.Format) error {
	families, err := from.Gather()
	if err != nil {
		return err
	}
	encoder := expfmt.NewEncoder(&d.others, format)
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			return err
		}
	}
	if closer, ok := encoder.(expfmt.Closer); ok {
		return closer.Close()
	}
	return nil
}

func (d *draft) write(to io.Writer, blocks []block, format expfmt.Format) error {
	open := format.FormatType() == expfmt.TypeOpenMetrics
	for i := range blocks {
		l := d.lines[blocks[i].family]
		if len(l.text) == 0 {
			continue
		}
		if _, err := io.WriteString(to, blocks[i].head(open)); err != nil {
			return err
		}
		if _, err := to.Write(l.text); err != nil {
			return err
		}
	}
	_, err := to.Write(d.others.Bytes())
	return err
}

// head is the help and the type. In OpenMetrics a counter is named without its ending,
// and quotation marks in the help are escaped.
func (b *block) head(open bool) string {
	name, kind, escaped := b.name, "gauge", helpEscaper
	if b.family.kind == prometheus.CounterValue {
		kind = "counter"
	}
	if open {
		escaped = labelEscaper
		if kind == "counter" {
			name = strings.TrimSuffix(name, "_total")
		}
	}
	return "# HELP " + name + " " + escaped.Replace(b.family.help) + "\n# TYPE " + name + " " + kind + "\n"
}

var (
	helpEscaper  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	labelEscaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

// appendLabel writes the value of a label. What is no UTF-8, and would make Prometheus
// refuse the whole page, is marked as such.
func appendLabel(to []byte, value string) []byte {
	if !plain(value) {
		value = labelEscaper.Replace(strings.ToValidUTF8(value, string(utf8.RuneError)))
	}
	return append(to, value...)
}

// plain reports whether a label can be written as it is: nearly all are ids.
func plain(value string) bool {
	for i := range len(value) {
		if c := value[i]; c == '"' || c == '\\' || c == '\n' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// mostExact is up to where every whole number is a float64.
const mostExact = 1 << 53

func appendNumber(to []byte, v float64) []byte {
	switch {
	case v == math.Trunc(v) && math.Abs(v) < mostExact:
		return strconv.AppendInt(to, int64(v), 10)
	case math.IsInf(v, 1):
		return append(to, "+Inf"...)
	default: // NaN and -Inf are written as both formats want them
		return strconv.AppendFloat(to, v, 'g', -1, 64)
	}
}
