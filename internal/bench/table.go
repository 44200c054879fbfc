package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// column is one figure of the table. better says how the ratio to the yardstick reads.
type column struct {
	title, format string
	value         func(figures) float64
}

var columns = []column{
	{"CPU µs/msg", "%.1f", func(f figures) float64 { return f.burstCPU }},
	{"msg/s", "%.0f", func(f figures) float64 { return f.rate }},
	{"peak MiB", "%.0f", func(f figures) float64 { return f.peakMemory }},
	{"p50 ms", "%.1f", func(f figures) float64 { return f.median }},
	{"p99 ms", "%.1f", func(f figures) float64 { return f.p99 }},
	{"steady CPU µs/msg", "%.1f", func(f figures) float64 { return f.steadyCPU }},
	{"InfluxDB CPU µs/msg", "%.1f", func(f figures) float64 { return f.storeCPU }},
}

// printTable prints each figure, in parentheses its ratio to Telegraf's, and how it was taken.
func printTable(w io.Writer, p plan, contenders []candidate, measured map[string][]figures) error {
	fmt.Fprintf(w, "\n%d cores (%s), %s; shared by publisher, Mosquitto, candidate and InfluxDB\n", runtime.NumCPU(), processor(), runtime.Version())
	fmt.Fprintf(w, "bursts of %d messages of about 215 bytes at QoS 1 from %d devices; then %d messages a second for %v; median of %d\n\n",
		p.messages, p.devices, p.rate, p.steady, p.rounds)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	titles := make([]string, len(columns))
	for i, column := range columns {
		titles[i] = column.title
	}
	fmt.Fprintf(table, "\t%s\t\n", strings.Join(titles, "\t"))
	for _, c := range contenders {
		fmt.Fprintf(table, "%s\t", c.name)
		for _, column := range columns {
			value := median(measured[c.name], column.value)
			fmt.Fprintf(table, column.format, value)
			if base := median(measured[yardstick], column.value); base > 0 && c.name != yardstick {
				fmt.Fprintf(table, " (%.2f)", value/base)
			}
			fmt.Fprint(table, "\t")
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	fmt.Fprintf(w, `
in parentheses: ratio to %s, where there is one
CPU and memory are those of the candidate's process alone, user and kernel
msg/s: from the first message published until the last is seen in the store; the broker holds what waits
p50, p99: from publishing to being seen in the store, looked for every %v; how "stored" is seen:
`, yardstick, beaconPoll)
	for _, c := range contenders {
		fmt.Fprintf(w, "  %s: %s\n", c.name, c.how)
	}
	return nil
}

// median of an even number is the mean of the two in the middle; of none it is 0.
func median(all []figures, value func(figures) float64) float64 {
	if len(all) == 0 {
		return 0
	}
	values := make([]float64, len(all))
	for i, f := range all {
		values[i] = value(f)
	}
	slices.Sort(values)
	return (values[len(values)/2] + values[(len(values)-1)/2]) / 2
}

func processor() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
