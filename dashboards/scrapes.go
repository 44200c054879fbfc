package dashboards

import (
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	// mostScrapes is how many may run at once; further ones are answered with 503.
	mostScrapes = 4
	// scrapeWindow is the time over which the cost of scraping is added up, and
	// scrapeShare the share of it from which on it is worth a warning.
	scrapeWindow = time.Minute
	scrapeShare  = 0.1
	// scrapeQuiet is how long the same warning is not repeated.
	scrapeQuiet = time.Hour
)

// scrapeWatch adds up what scrapes take, and says so among the metrics.
type scrapeWatch struct {
	collector
	log *slog.Logger

	mu    sync.Mutex
	all   scrapeSum // since the start; guarded by mu, as all below
	began time.Time // of the window
	sum   scrapeSum // in the window
	said  time.Time
}

type scrapeSum struct {
	count int
	spent time.Duration
}

func (s *scrapeSum) add(took time.Duration) {
	s.count++
	s.spent += took
}

func newScrapeWatch(log *slog.Logger) *scrapeWatch {
	w := &scrapeWatch{log: log, began: time.Now()}
	scrapes := w.counter("scrapes_total", "Scrapes of these metrics that were answered before this one.")
	seconds := w.counter("scrape_seconds_total", "Time that answering those scrapes took.")
	w.walk = func(to series) {
		w.mu.Lock()
		all := w.all
		w.mu.Unlock()
		to.put(scrapes, float64(all.count))
		to.put(seconds, all.spent.Seconds())
	}
	return w
}

// around warns when answering scrapes takes more than a tenth of the time: they come
// too often, from too many, or bring too much.
func (w *scrapeWatch) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		began := time.Now()
		next.ServeHTTP(to, r)
		w.add(began, time.Now())
	})
}

func (w *scrapeWatch) add(began, ended time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all.add(ended.Sub(began))
	w.sum.add(ended.Sub(began))
	length := ended.Sub(w.began)
	if length < scrapeWindow {
		return
	}
	share := w.sum.spent.Seconds() / length.Seconds()
	if share > scrapeShare && (w.said.IsZero() || ended.Sub(w.said) >= scrapeQuiet) {
		w.said = ended
		w.log.Warn("metrics are scraped too often",
			"scrapes", w.sum.count, "within", length.Round(time.Second).String(), "share_of_time", share,
			"remedy", "raise scrape_interval in prometheus.yml, let fewer programs scrape, or set metrics.devices to false")
	}
	w.began, w.sum = ended, scrapeSum{}
}
