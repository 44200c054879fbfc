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

// scrapeWatch adds up what scrapes take.
type scrapeWatch struct {
	log *slog.Logger

	mu    sync.Mutex
	began time.Time // of the window; guarded by mu, as all below
	count int
	spent time.Duration
	said  time.Time
}

// watchScrapes warns when answering scrapes takes more than a tenth of the time: they
// come too often, from too many, or bring too much.
func watchScrapes(log *slog.Logger, next http.Handler) http.Handler {
	w := &scrapeWatch{log: log, began: time.Now()}
	return http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		began := time.Now()
		next.ServeHTTP(to, r)
		w.add(began, time.Now())
	})
}

func (w *scrapeWatch) add(began, ended time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count++
	w.spent += ended.Sub(began)
	length := ended.Sub(w.began)
	if length < scrapeWindow {
		return
	}
	share := w.spent.Seconds() / length.Seconds()
	if share > scrapeShare && (w.said.IsZero() || ended.Sub(w.said) >= scrapeQuiet) {
		w.said = ended
		w.log.Warn("metrics are scraped too often",
			"scrapes", w.count, "within", length.Round(time.Second).String(), "share_of_time", share,
			"remedy", "raise scrape_interval in prometheus.yml, let fewer programs scrape, or set metrics.devices to false")
	}
	w.began, w.count, w.spent = ended, 0, 0
}
