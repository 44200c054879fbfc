// Package reports writes what people hand to one another: the state of coverage, the
// dossier on an operator's gaps, declared against measured coverage, the public Wi-Fi and the
// environment of a half-year. One [Document] comes out as a text table, CSV, GeoJSON, XLSX or printable HTML, in Vietnamese or English.
//
// The same document makes the same bytes, whatever the machine and the hour: a
// report can be made again and compared. Nothing here knows a clock, a store or how verdicts are
// reached; who calls fills in the rows.
package reports
