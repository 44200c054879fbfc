package main

import (
	"phusong/alerts/environment"
	"phusong/dashboards"
)

// EnvironmentMetrics is what the service would export of a book of sensors.
func EnvironmentMetrics(book *environment.Book) dashboards.Environment {
	return (&alertRoom{environment: book}).environmentMetrics()
}
