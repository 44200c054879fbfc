package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"phusong/internal/testbed"
)

// panelQuery is one query of one panel of the wall.
type panelQuery struct {
	number                 int
	dashboard, panel, unit string
	legend                 string
	expr, influxql         string
	over                   bool // a range of time
}

// panelRow is one series of an answer, with its newest value.
type panelRow struct {
	labels map[string]string
	value  float64
}

// panelQueries reads every query of every dashboard, its variables filled in as
// "all". The words differ between the languages, the questions do not.
func panelQueries(t testing.TB) (all []panelQuery) {
	t.Helper()
	folder := os.DirFS(filepath.Join(testbed.Root(t), "dashboards", "grafana", "json"))
	err := fs.WalkDir(folder, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "-en.json") {
			return err
		}
		raw, err := fs.ReadFile(folder, path)
		if err != nil {
			return err
		}
		found, err := queriesOf(raw)
		all = append(all, found...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i].number = i
	}
	if len(all) < 80 {
		t.Fatalf("only %d queries were found in the dashboards", len(all))
	}
	return all
}

func queriesOf(dashboard []byte) (all []panelQuery, err error) {
	var d struct {
		UID        string
		Templating struct{ List []struct{ Name string } }
		Panels     []struct {
			Title       string
			FieldConfig struct{ Defaults struct{ Unit string } }
			Targets     []struct {
				Expr, Query, LegendFormat string
				Range                     bool
			}
		}
	}
	if err := json.Unmarshal(dashboard, &d); err != nil {
		return nil, err
	}
	pairs := []string{"$__rate_interval", "1m", "$__interval", "10s", "$__range", "5m", "$timeFilter", "time > now() - 1h"}
	for _, v := range d.Templating.List {
		pairs = append(pairs, "$"+v.Name, ".*")
	}
	fill := strings.NewReplacer(pairs...)
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			all = append(all, panelQuery{
				dashboard: d.UID, panel: p.Title, unit: p.FieldConfig.Defaults.Unit, legend: target.LegendFormat,
				expr: fill.Replace(target.Expr), influxql: fill.Replace(target.Query), over: target.Range,
			})
		}
	}
	return all, nil
}

// panelSources are the addresses of what Grafana would ask.
type panelSources struct{ prometheusURL, influxURL string }

// ask puts the query to its source. An answer of another type than the panel draws
// is an error.
func (s panelSources) ask(ctx context.Context, q panelQuery) ([]panelRow, error) {
	if q.influxql != "" {
		return s.askInflux(ctx, q)
	}
	now := time.Now().Unix()
	address := fmt.Sprintf("%s/api/v1/query?time=%d&query=%s", s.prometheusURL, now, url.QueryEscape(q.expr))
	want := "vector"
	if q.over {
		address = fmt.Sprintf("%s/api/v1/query_range?start=%d&end=%d&step=5&query=%s", s.prometheusURL, now-300, now, url.QueryEscape(q.expr))
		want = "matrix"
	}
	var answer struct {
		Status, Error string
		Data          struct {
			ResultType string
			Result     []struct {
				Metric map[string]string
				Value  [2]any
				Values [][2]any
			}
		}
	}
	if err := getJSON(ctx, address, &answer); err != nil {
		return nil, err
	}
	if answer.Status != "success" || answer.Data.ResultType != want {
		return nil, fmt.Errorf("Prometheus: %s %s, a %s instead of a %s", answer.Status, answer.Error, answer.Data.ResultType, want)
	}
	rows := make([]panelRow, 0, len(answer.Data.Result))
	for _, r := range answer.Data.Result {
		if n := len(r.Values); n > 0 {
			r.Value = r.Values[n-1]
		}
		text, _ := r.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("Prometheus: %v is no number", r.Value)
		}
		if err := fitsUnit(q.unit, value); err != nil {
			return nil, err
		}
		rows = append(rows, panelRow{r.Metric, value})
	}
	return rows, nil
}

// fitsUnit refuses what cannot be in this unit: a share of 40 is a percentage (a few
// cores of a processor are not), an instant before 2020 is not in milliseconds, and a
// share of 0.9 is no decibel.
func fitsUnit(unit string, v float64) error {
	wrong := false
	switch unit {
	case "percentunit":
		wrong = v < 0 || v > 30
	case "dateTimeFromNow", "dateTimeAsIso":
		wrong = v < 1.5e12
	case "s", "bytes", "short", "wps", "cps", "areaM2", "Mbits":
		wrong = v < 0
	}
	if wrong {
		return fmt.Errorf("%v cannot be in the unit %s", v, unit)
	}
	return nil
}

func (s panelSources) askInflux(ctx context.Context, q panelQuery) (rows []panelRow, err error) {
	var answer struct {
		Results []struct {
			Series []struct {
				Tags   map[string]string
				Values [][]any
			}
			Error string
		}
	}
	if err := getJSON(ctx, s.influxURL+"/query?db=phusong&q="+url.QueryEscape(q.influxql), &answer); err != nil {
		return nil, err
	}
	for _, r := range answer.Results {
		if r.Error != "" {
			return nil, fmt.Errorf("InfluxDB: %s", r.Error)
		}
		for _, series := range r.Series {
			if len(series.Values) == 0 {
				return nil, fmt.Errorf("a series without values")
			}
			value, number := series.Values[len(series.Values)-1][1].(float64)
			if !number {
				return nil, fmt.Errorf("the value is a %T", series.Values[0][1])
			}
			rows = append(rows, panelRow{series.Tags, value})
		}
	}
	return rows, nil
}

func getJSON(ctx context.Context, address string, into any) error {
	body, err := getBody(ctx, address)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}
