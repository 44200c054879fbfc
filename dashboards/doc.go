// Package dashboards is what people and machines see of phusong: metrics for
// Prometheus, health for whoever restarts things, and, as it grows, the HTTP
// API, reports and open data.
//
// It reads through small interfaces of its own and changes nothing.
package dashboards
